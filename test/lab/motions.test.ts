import { expect, test } from "vitest";
import type { Motion } from "../../src/lab/api.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { labText, openText } from "./run-lab.ts";

const text = labText("same-node-ping");
const lineOf = (part: string) => text.split("\n").findIndex((line) => line.includes(part)) + 1;

/** Lets a motion run to its end in small slices, as a debugger does. */
function run(motion: Motion): string {
  for (;;) {
    const result = motion.advance(7);
    if (result.kind === "ended") return "ended";
    if (result.kind === "stopped") return `${result.stop.reason}, thread ${result.stop.threadId}`;
  }
}

/** The thread's name and its top frame. */
function top(lab: Lab, threadId: number): string {
  const { frames } = lab.stack(threadId, 0, 1);
  return frames.length === 0 ? "no such thread" : `${frames[0].name}, line ${frames[0].source?.line}`;
}

test("1. A breakpoint on the first statement stops a run that has not stopped yet", () => {
  const lab = openText(text);
  lab.setLineBreakpoints("lab.k8snet", [lineOf("  ping pod1 -> pod2")]);
  expect(run(lab.continue())).toBe("breakpoint, thread 1");
  expect(lab.position().event).toBe(0);
  expect(run(lab.continue())).toBe("ended");
});

test("2. Whoever stands at a breakpoint goes on from it, whichever way it was reached", () => {
  const lab = openText(text);
  lab.setFunctionBreakpoints(["arp.request"]);
  expect(run(lab.continue())).toBe("function breakpoint, thread 3");
  const { event } = lab.position();
  expect(run(lab.stepInto(3))).toBe("step, thread 3");
  expect(run(lab.stepBack(3))).toBe("step, thread 3");
  expect(lab.position().event).toBe(event);
  expect(run(lab.continue())).toBe("ended");
  expect(run(lab.reverseContinue())).toBe("function breakpoint, thread 3");
  expect(lab.position().event).toBe(event);
  expect(run(lab.reverseContinue())).toBe("entry, thread 1");
});

test("3. Step Into walks the whole story, one stage after the other, and leaves none out", () => {
  const lab = openText(text);
  const seen: string[] = [];
  let threadId = 1;
  lab.stopHere("entry");
  for (let step = 0; step < 26; step++) {
    const motion = lab.stepInto(threadId);
    const result = motion.advance(1000);
    if (result.kind !== "stopped") break;
    threadId = result.stop.threadId;
    seen.push(`#${threadId - 1} ${top(lab, threadId).replace(/, line.*/, "")}`);
  }
  expect(seen).toMatchInlineSnapshot(`
    [
      "#1 route.output @ pod1",
      "#1 neigh.output @ pod1/eth0",
      "#1 neigh.output @ pod1/eth0 (waits for ARP: 10.244.1.9)",
      "#2 arp.request @ pod1/eth0",
      "#2 veth.transmit @ pod1/eth0",
      "#2 veth.receive @ node1/veth1",
      "#2 bridge.receive @ node1/cbr0",
      "#2 bridge.flood @ node1/cbr0",
      "#2 bridge.deliver @ node1/cbr0",
      "#2 arp.receive @ node1/cbr0",
      "#2 arp.ignore @ node1/cbr0",
      "#2 ended in arp.ignore @ node1/cbr0",
      "#3 veth.receive @ pod2/eth0",
      "#3 arp.receive @ pod2/eth0",
      "#3 ended in arp.receive @ pod2/eth0",
      "#4 arp.reply @ pod2/eth0",
      "#4 veth.transmit @ pod2/eth0",
      "#4 veth.receive @ node1/veth2",
      "#4 bridge.receive @ node1/cbr0",
      "#4 bridge.forward @ node1/cbr0",
      "#4 veth.transmit @ node1/veth1",
      "#4 veth.receive @ pod1/eth0",
      "#4 arp.receive @ pod1/eth0",
      "#4 ended in arp.receive @ pod1/eth0",
      "#1 neigh.output @ pod1/eth0",
      "#1 veth.transmit @ pod1/eth0",
    ]
  `);
});

test("4. A packet that is delivered to a listener points at the listener's line", () => {
  const lab = openText(text, "web");
  lab.setLineBreakpoints("lab.k8snet", [lineOf("listen tcp 8080 http")]);
  const stopped = run(lab.continue());
  expect(stopped).toMatch(/^breakpoint, thread \d+$/);
  expect(top(lab, Number(stopped.split(" ").at(-1)))).toBe(
    `tcp.receive @ pod2, line ${lineOf("listen tcp 8080 http")}`,
  );
});

test("5. Step Over runs to the next hop, ARP included; Step Out to the next namespace", () => {
  const lab = openText(text);
  lab.stopHere("entry");
  run(lab.stepInto(1));
  const hops: string[] = [];
  for (let step = 0; step < 5; step++) {
    run(lab.stepOver(2));
    hops.push(top(lab, 2).replace(/, line.*/, ""));
  }
  expect(hops).toMatchInlineSnapshot(`
    [
      "neigh.output @ pod1/eth0",
      "veth.receive @ node1/veth1",
      "bridge.receive @ node1/cbr0",
      "veth.transmit @ node1/veth2",
      "veth.receive @ pod2/eth0",
    ]
  `);
  expect(run(lab.stepBack(2))).toBe("step, thread 2");
});

test("After the end of the scenario a motion ends at once, whatever timers the kernel still has", () => {
  const lab = openText(text);
  expect(run(lab.continue())).toBe("ended");
  const { event } = lab.position();
  expect(run(lab.continue())).toBe("ended");
  expect(run(lab.stepOver(1))).toBe("ended");
  expect(lab.position().event).toBe(event);
});
