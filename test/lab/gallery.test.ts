import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { labText, openText, scenariosOf } from "./run-lab.ts";

/** What each lab of the gallery tells its reader to break on, and what the debugger says when it stops there first. */
const finds: readonly {
  readonly lab: string;
  readonly breakAt: string;
  readonly says: string;
}[] = [
  {
    lab: "ip-forward-off",
    breakAt: "drop@node1/cni0",
    says: "IP_INADDRERRORS, 10.244.1.2 is no address of node1, where net.ipv4.ip_forward is 0",
  },
  {
    lab: "rp-filter",
    breakAt: "drop@node1/eth1",
    says: "IP_RPFILTER, from 192.168.1.9 it came in by eth1, and an answer would leave by eth0 (net.ipv4.conf.eth1.rp_filter is 1)",
  },
];

describe.each(finds)("$lab", ({ lab: name, breakAt, says }) => {
  const text = labText(`gallery/${name}`);
  const [fault, ...cures] = scenariosOf(text);

  test("its comment tells the story, and where to break", () => {
    const comment = text.slice(0, text.search(/^[^#\n]/m));
    for (const part of ["What one sees:", "Why:", "In the debugger:", "Cure:"]) expect(comment).toContain(part);
    expect(comment).toContain(`\`${breakAt}\``);
  });

  test("the debugger stops there and says why", () => {
    expect(firstStop(text, fault, breakAt)).toContain(says);
  });

  test("a scenario has the cure", () => {
    expect(cures.length).toBeGreaterThan(0);
  });
});

test("every lab of the gallery is one of these", () => {
  const labs = readdirSync("test/labs/gallery").map((file) => file.replace(/\.k8snet$/, ""));
  expect([...new Set(finds.map(({ lab }) => lab))].sort()).toEqual(labs.sort());
});

/** What the debugger shows at the first hit of a function breakpoint: why it stopped, the thread, the top of its stack. */
function firstStop(text: string, scenario: string, breakAt: string): string {
  const lab = openText(text, scenario);
  const [breakpoint] = lab.setFunctionBreakpoints([breakAt]);
  expect(breakpoint.verified, breakpoint.message).toBe(true);
  const motion = lab.continue();
  for (;;) {
    const result = motion.advance(10_000);
    if (result.kind === "ended") return "nothing: the scenario ended";
    if (result.kind !== "stopped") continue;
    const { description, threadId } = result.stop;
    const thread = lab.threads(100).threads.find(({ id }) => id === threadId);
    const [frame] = lab.stack(threadId, 0, 1).frames;
    return `${description}\n${thread?.name}\n${frame.name}`;
  }
}
