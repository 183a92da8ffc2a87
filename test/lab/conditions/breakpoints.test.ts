import { expect, test } from "vitest";
import type { Motion } from "../../../src/lab/api.ts";
import type { Lab } from "../../../src/lab/lab.ts";
import type { FunctionBreakpoint } from "../../../src/lab/protocol.ts";
import { labText, openText } from "../run-lab.ts";

const text = labText("same-node-ping");

function run(motion: Motion): string {
  for (;;) {
    const result = motion.advance(7);
    if (result.kind === "ended") return "ended";
    if (result.kind === "stopped") return result.stop.description;
  }
}

/** The positions at which the breakpoint stops a run from the beginning to the end. */
function stops(lab: Lab, way: "forward" | "backward" = "forward"): readonly number[] {
  const found: number[] = [];
  for (;;) {
    const end = run(way === "forward" ? lab.continue() : lab.reverseContinue());
    if (end === "ended" || end.startsWith("This is the beginning")) return found;
    found.push(lab.position().event);
  }
}

function stopsOf(breakpoint: FunctionBreakpoint): readonly number[] {
  const lab = openText(text);
  const [row] = lab.setFunctionBreakpoints([breakpoint]);
  if (!row.verified) throw new Error(row.message);
  const forward = stops(lab);
  expect(stops(lab, "backward")).toEqual([...forward].reverse());
  expect(stops(lab)).toEqual(forward);
  return forward;
}

/** Why a condition is refused. */
function refusal(condition: string): string | undefined {
  const [row] = openText(text).setFunctionBreakpoints([{ name: "*", condition }]);
  return row.verified ? undefined : row.message;
}

/** The stages and packets before which `*` stops with this condition. */
function met(condition: string): string {
  const lab = openText(text);
  const [row] = lab.setFunctionBreakpoints([{ name: "*", condition }]);
  if (!row.verified) throw new Error(row.message);
  const found = new Set<string>();
  for (let at = 0; at < 400; at++) {
    const end = run(lab.continue());
    if (end === "ended") break;
    found.add(end.split(" ")[0]);
  }
  return [...found].join(" ");
}

test("1. A condition chooses among packets, by Wireshark's names, in both directions", () => {
  expect(stopsOf({ name: "veth.transmit" }).length).toBeGreaterThan(
    stopsOf({ name: "veth.transmit", condition: "arp" }).length,
  );
  expect(stopsOf({ name: "veth.transmit", condition: 'arp.opcode == 1 && place == "pod1/eth0"' })).toHaveLength(1);
  expect(stopsOf({ name: "*", condition: "false" })).toEqual([]);
});

test("2. What a packet does not have makes a comparison false, whichever it is", () => {
  expect(met("arp && ip.ttl == 64")).toBe("");
  expect(met("arp && ip.ttl != 64")).toBe("");
  expect(met("arp && ip.ttl < 64")).toBe("");
  expect(met("stage == 'arp.request' && !(ip.ttl == 64)")).toBe("arp.request");
  expect(met("icmp && !(ip.ttl > 0)")).toBe("");
  expect(met("icmp && 0 < ip.ttl")).toBe(met("icmp && ip.ttl > 0"));
  expect(met("icmp && 64 >= ip.ttl")).not.toBe("");
  expect(met("icmp && 64 > ip.ttl && 64 == ip.ttl")).toBe("");
});

test("3. An address is compared with an address or with a network, either end of a packet with either name", () => {
  expect(met('arp && arp.dst.proto_ipv4 == "10.244.1.0/24" && stage == "arp.reply"')).toBe("arp.reply");
  expect(met('ip && !(ip.addr == "10.244.0.0/16")')).toBe("");
  expect(met('stage == "icmp.receive" && ip.addr == "10.244.1.2"')).toBe("icmp.receive");
});

test("4. Stage, place and packet are names, too; text can be searched", () => {
  expect(met('stage.startsWith("arp.")')).toBe("arp.request arp.receive arp.ignore arp.reply");
  expect(met('stage in ["arp.reply", "arp.ignore"]')).toBe("arp.ignore arp.reply");
  expect(met('place == "node1/cbr0" && stage.endsWith("flood")')).toBe("bridge.flood");
});

test("5. The world can be asked, as expectations ask it", () => {
  expect(met('stage == "neigh.output" && neigh(netns, "10.244.1.9").state == "REACHABLE"')).toBe("neigh.output");
  const lab = openText(text);
  lab.setFunctionBreakpoints([{ name: "*", condition: 'neigh("nowhere", "10.0.0.1").state == "NONE"' }]);
  expect(run(lab.continue())).toContain(
    'its condition has no answer here. There is no pod, node or network namespace "nowhere".',
  );
  expect(run(lab.continue())).toBe("ended");
});

test("6. A condition that says nothing is refused with a sentence", () => {
  const refusals = [
    "ip.foo == 1",
    "ip.srcc == '1.2.3.4'",
    "ip.ttl",
    "ip.ttl ==",
    'ip.src == "10.0.0.300"',
    'stage == "arp.requset"',
    "ip_ttl == 1",
    "nosuch",
  ];
  expect(refusals.map((one) => `${one}: ${refusal(one)}`).join("\n")).toMatchInlineSnapshot(`
    "ip.foo == 1: Condition: There is no field "ip.foo".
    ip.srcc == '1.2.3.4': Condition: There is no field "ip.srcc". Did you mean "ip.src"?
    ip.ttl: Condition: A condition is true or false, and this is of type int.
    ip.ttl ==: Condition: The expression ends too early.
    ip.src == "10.0.0.300": Condition: "10.0.0.300" is not an IPv4 address.
    stage == "arp.requset": Condition: There is no stage called "arp.requset". Did you mean "arp.request"?
    ip_ttl == 1: Condition: There is no field "ip_ttl". Did you mean "ip.ttl"?
    nosuch: Condition: There is no variable "nosuch"."
  `);
});

test("7. Hits are counted by their place in the recording, also those from before the breakpoint was set", () => {
  const all = stopsOf({ name: "veth.receive" });
  expect(stopsOf({ name: "veth.receive", hitCondition: "2" })).toEqual([all[1]]);
  expect(stopsOf({ name: "veth.receive", hitCondition: ">= 3" })).toEqual(all.slice(2));
  expect(stopsOf({ name: "veth.receive", hitCondition: "% 2" })).toEqual(all.filter((_, index) => index % 2 === 1));
  const lab = openText(text);
  expect(run(lab.continue())).toBe("ended");
  lab.setFunctionBreakpoints([{ name: "veth.receive", hitCondition: "2" }]);
  expect(stops(lab, "backward")).toEqual([all[1]]);
  const [row] = lab.setFunctionBreakpoints([{ name: "veth.receive", hitCondition: "often" }]);
  expect(row.message).toBe('A hit count is a number, or one after >=, >, ==, <=, < or %; not "often".');
});

test("8. A log message is printed instead of stopping, once for each event", () => {
  const lab = openText(text);
  const logMessage = "{arp.src.proto_ipv4} asks for {arp.dst.proto_ipv4} {{{packet}}} ttl {ip.ttl}";
  const rows = lab.setFunctionBreakpoints([{ name: "arp.request", logMessage }]);
  expect(rows[0].verified).toBe(true);
  expect(run(lab.continue())).toBe("ended");
  const printed = () =>
    lab
      .takeOutput()
      .filter((row) => row.category === "console")
      .map((row) => row.text);
  expect(printed()).toEqual(["10.244.1.2 asks for 10.244.1.9 {#2} ttl —"]);
  expect(run(lab.reverseContinue())).toMatch(/beginning/);
  expect(run(lab.continue())).toBe("ended");
  expect(printed()).toEqual([]);
});
