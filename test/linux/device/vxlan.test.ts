import { describe, expect, it } from "vitest";
import { combinedTos, outerTos } from "../../../src/linux/device/ecn.ts";
import { runLab } from "../../lab/run-lab.ts";

const overlay = `
netns h1
netns h2
netns a {
  bridge br0
  vxlan vx { id 9; local 10.0.0.1; dev eth0; port 4789; mac 02:aa:00:00:00:01; master br0; fdb 00:00:00:00:00:00 dst 10.0.0.2 }
}
netns b {
  bridge br0
  vxlan vx { id 9; local 10.0.0.2; dev eth0; port 4789; mac 02:aa:00:00:00:02; master br0; fdb 00:00:00:00:00:00 dst 10.0.0.1 }
}
veth a/eth0 address 10.0.0.1/24 <-> b/eth0 address 10.0.0.2/24
veth h1/eth0 address 10.9.0.1/24 <-> a/p1 master br0
veth h2/eth0 address 10.9.0.2/24 <-> b/p1 master br0
`;

function run(statements: string) {
  const { output, trace } = runLab(`${overlay}scenario "s" {\n${statements}\n}\n`);
  return { printed: output.map(({ text }) => text), trace };
}

describe("A vxlan device", () => {
  it("1. as a bridge port answers a packet with DF that is too long for the tunnel, in its destination's name", () => {
    // Between the bridge's limit, which lets four octets more pass, and the tunnel's.
    const { printed } = run("ping h1 -> 10.9.0.2\n ping h1 -> 10.9.0.2 size 1426 timeout 500ms");
    expect(printed.join("\n")).toContain("From 10.9.0.2 icmp_seq=1 Frag needed and DF set (mtu = 1450)");
  });

  it("2. forgets what it learned after 300 s of silence", () => {
    const { trace } = run("until 320s\n ping h1 -> 10.9.0.2");
    expect(
      trace.filter((line) => line.includes("vxlan.age")),
      trace.slice(-5).join("\n"),
    ).not.toEqual([]);
  });

  it.each([
    ["link set vx mtu 1451", "RTNETLINK answers: Invalid argument"],
    ["link set vx mtu 1450", undefined],
  ])("3. takes no MTU beyond that of the device below: ip %s", (words, complaint) => {
    const { printed } = run(`ip -n a ${words}`);
    if (complaint === undefined) expect(printed.join("\n")).not.toContain("RTNETLINK");
    else expect(printed.join("\n")).toContain(complaint);
  });

  it.each([
    ["append 02:00:00:00:00:11 dev vx dst 10.0.0.3", undefined],
    ["add 00:00:00:00:00:00 dev vx dst 10.0.0.3", "RTNETLINK answers: File exists"],
    ["replace 00:00:00:00:00:00 dev vx dst 10.0.0.3", "Error: Cannot replace non-unicast fdb entries."],
    ["del 02:00:00:00:00:11 dev vx self", "RTNETLINK answers: No such file or directory"],
    ["del 00:00:00:00:00:00 dev vx dst 10.0.0.99", undefined],
  ])("4. answers as Linux does: bridge fdb %s", (words, complaint) => {
    const text = run(`bridge -n a fdb ${words}`).printed.join("\n");
    if (complaint === undefined) expect(text).not.toMatch(/RTNETLINK|Error/);
    else expect(text).toContain(complaint);
  });
});

describe("Congestion notification across a tunnel (RFC 6040)", () => {
  it.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 2],
  ])("inner %i leaves as outer %i, the congestion of the inner packet staying inside", (inner, outer) => {
    expect(outerTos(0xb8 | inner)).toBe(outer);
  });

  it.each([
    [0, 2, 2],
    [3, 2, 3],
    [3, 1, 3],
    [1, 2, 1],
    [1, 0, 0],
    [3, 0, undefined],
  ])("outer %i over inner %i gives %s", (outer, inner, combined) => {
    expect(combinedTos(outer, inner)).toBe(combined);
  });
});
