import { describe, expect, it } from "vitest";
import { judge } from "../../../src/lab/expressions/expectation.ts";
import type { ProgramResult } from "../../../src/programs/program.ts";
import { parseIpv4 } from "../../../src/wire/address-text.ts";
import { line, SmallWorld } from "../inspect/small-world.ts";

/** A ping from pod1 to pod2 that was answered. */
function afterPing(): { lab: SmallWorld; result: ProgramResult | null } {
  const lab = new SmallWorld();
  const result = lab.ping("pod1", "10.244.0.3");
  lab.runUntil(0.5e9);
  return { lab, result: result() };
}

const response: ProgramResult = {
  ok: true,
  sent: 1,
  received: 1,
  response: { status: 200, body: "hello\n", headers: { "Content-Type": "text/plain", "X-Served-By": "pod2" } },
  errors: [{ from: parseIpv4("10.244.0.1")!, type: 3, code: 1 }],
};

describe("expect", () => {
  const { lab, result } = afterPing();
  const held = (text: string) => judge(lab.world, text, result);

  it.each([
    "reply.received && reply.ttl == 64",
    'reply.from == "10.244.0.3"',
    'reply.text.contains("icmp_seq=1 ttl=64")',
    "reply.timeMs < 1 && reply.timeMs > 0.0",
    "sent == 1 && received == sent",
    'error == "" && errors.size() == 0',
    'neigh("pod1", "10.244.0.3").state == "REACHABLE"',
    'neigh("node1/pod1", "10.244.0.3").mac == "02:00:0a:f4:00:03"',
    'neigh("pod1", "10.244.0.3").dev == "eth0"',
    'neigh("pod1", "10.244.0.99").state == "NONE" && neigh("pod1", "10.244.0.99").mac == ""',
    'neigh("pod2", "10.244.0.2").state in ["DELAY", "REACHABLE"]',
    'fdb("node1/cbr0", "02:00:0a:f4:00:02").port == "veth1"',
    'fdb("node1/cbr0", "02:00:0a:f4:00:01").permanent',
    '!fdb("node1/cbr0", "02-00-00-00-00-99").exists',
    'route("pod1", "10.244.0.3").via == "" && route("pod1", "10.244.0.3").dev == "eth0"',
    'route("pod1", "192.0.2.1").via == "10.244.0.1" && route("pod1", "192.0.2.1").src == "10.244.0.2"',
    'route("pod1", "10.244.0.2").type == "local"',
    'route("node1", "192.0.2.1").type == "none"',
    'sysctl("node1", "net.ipv4.ip_forward") == 1 && sysctl("pod1", "net.ipv4.ip_forward") == 0',
    'sysctl("pod1", "net.ipv4.neigh.default.gc_thresh3") == 1024',
  ])("%s holds", (text) => expect(held(text)).toEqual({ holds: true, why: "" }));

  it.each([
    ["reply.received && reply.ttl == 63", " — reply.received is true, reply.ttl is 64"],
    ["reply.ttl == 63 || reply.ttl > 100", " — reply.ttl is 64"],
    ["!(received > 0)", " — received is 1"],
    ['neigh("pod1", "10.244.0.3").state == "STALE"', ' — neigh("pod1", "10.244.0.3").state is "REACHABLE"'],
    ["errors.exists(e, e.type == 3)", " — errors is [], errors.exists(e, e.type == 3) is false"],
    ['reply.from.startsWith("192.")', ' — reply.from is "10.244.0.3", reply.from.startsWith("192.") is false'],
    ["received > 5 ? true : sent == 2", " — received is 1, sent is 1"],
  ])("%s does not, and why", (text, why) => expect(held(text)).toEqual({ holds: false, why }));

  it.each([
    ['neigh("podx", "10.244.0.3").state == "STALE"', ' — There is no pod, node or network namespace "podx".'],
    ['neigh("pod1", "10.244.0").state == ""', ' — "10.244.0" is not an IPv4 address.'],
    [
      'fdb("node1/cbr9", "02:00:0a:f4:00:02").exists',
      ' — There is no interface "node1/cbr9"; write it as "node1/cbr0".',
    ],
    ['fdb("node1/veth1", "02:00:0a:f4:00:02").exists', ' — "node1/veth1" is not a bridge, so it has no FDB.'],
    ['fdb("node1/cbr0", "2:0").exists', ' — "2:0" is not a MAC address.'],
    ['sysctl("pod1", "net.ipv4.tcp_sack") == 1', ' — The sysctl net.ipv4.tcp_sack is not set in "pod1".'],
    ["errors[0].type == 3", " — The list has no element 0."],
    ["reply.ttl", " — it is 64, neither true nor false"],
    ["", " — An expression is missing."],
    ["reply.received &&", " — The expression ends too early."],
    ["rely.received", ' — There is no variable "rely". Did you mean "reply"?'],
    ["reply.recieved", ' — There is no field "recieved" here. Did you mean "received"?'],
    ['neigh("pod1").state == ""', " — Found no matching overload for 'neigh(string)'. It is neigh(netns, address)."],
  ])("%s fails with a sentence", (text, why) => expect(held(text)).toEqual({ holds: false, why }));

  it("before any program ran: nothing was sent and nothing received", () => {
    const text =
      'sent == 0 && !reply.received && reply.ttl == 0 && response.status == 0 && response.from == "" && error == ""';
    expect(judge(lab.world, text, null).holds).toBe(true);
  });

  it("an HTTP response, who served it, and the ICMP errors on the way", () => {
    const text =
      'response.status == 200 && response.from == "pod2" && response.body == "hello\\n" && ' +
      'response.headers["Content-Type"] == "text/plain" && errors.all(e, e.type == 3 && e.from == "10.244.0.1")';
    expect(judge(lab.world, text, response)).toEqual({ holds: true, why: "" });
  });

  it("is about the world as it stands", () => {
    const { sim } = lab.world;
    const state = (text: string) => judge(lab.world, `neigh("pod1", "10.244.0.3").state == "${text}"`, null).holds;
    const end = sim.position;
    sim.goTo(0);
    expect(state("NONE")).toBe(true);
    sim.goTo(end);
    expect(state("REACHABLE")).toBe(true);
    lab
      .change({ do: "neigh del", netns: "pod1", dev: "eth0", address: parseIpv4("10.244.0.3")!, source: line(8) })
      .step();
    expect(state("NONE")).toBe(true);
  });
});
