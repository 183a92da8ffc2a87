import { describe, expect, it } from "vitest";
import type { PacketEdit } from "../../../src/lab/edits/edit.ts";
import { bytesOf } from "../../../src/lab/inspect/layers.ts";
import type { Lab } from "../../../src/lab/lab.ts";
import { digest } from "../../../src/sim/digest.ts";
import { labText, openText } from "../run-lab.ts";

/** What hands do to packets in flight. */

const text = labText("same-node-ping");
/** Two probes: the program listens on after the first answer. */
const twice = text.replace("ping pod1 -> pod2\n", "ping pod1 -> pod2 count 2\n");

/** Stops at the first event of a stage, and answers the number of its packet. */
function goTo(lab: Lab, stageName: string): number {
  lab.setFunctionBreakpoints([stageName]);
  const motion = lab.continue();
  for (;;) {
    const result = motion.advance(1000);
    if (result.kind === "stopped") break;
    if (result.kind === "ended") throw new Error(`No ${stageName}`);
  }
  lab.setFunctionBreakpoints([]);
  return lab.stopHere("pause").threadId - 1;
}

function toTheEnd(lab: Lab): { readonly held: number; readonly failed: number } {
  lab.run(1_000_000);
  const { sim } = lab.world;
  const end = digest(sim);
  sim.goTo(0);
  sim.goTo(sim.recorded);
  expect(digest(sim), "back to the beginning and forth again, over the edits").toBe(end);
  return lab.expectations();
}

function apply(lab: Lab, action: Exclude<PacketEdit["do"], "choose">, packet: number): string | undefined {
  return lab.hand.apply({ do: action, packet });
}

function output(lab: Lab): string {
  return lab
    .takeOutput()
    .map((row) => row.text)
    .join("");
}

describe("packets in hand", () => {
  it("1. a packet that is held stands aside while time goes on; released it goes on where it was", () => {
    const lab = openText(text);
    const packet = goTo(lab, "icmp.receive");
    expect(apply(lab, "hold", packet)).toBeUndefined();
    lab.run(1);
    expect(lab.stack(packet + 1, 0, 1).frames[0].name).toMatchInlineSnapshot(
      `"packet.hold @ pod2/eth0 (held, until it is released)"`,
    );
    expect(apply(lab, "hold", packet)).toBe("it is held already");
    expect(apply(lab, "release", packet)).toBeUndefined();
    expect(lab.stack(packet + 1, 0, 1).frames[0].name).toBe("icmp.receive @ pod2");
    expect(apply(lab, "release", packet)).toBe("nobody holds it");
    expect(toTheEnd(lab).failed).toBe(0);
  });

  it("2. held for good, its ping stays without an answer", () => {
    const lab = openText(text);
    apply(lab, "hold", goTo(lab, "icmp.receive"));
    toTheEnd(lab);
    expect(output(lab)).toContain("100% packet loss");
  });

  it("3. a second one like it gets a second answer", () => {
    const lab = openText(twice);
    expect(apply(lab, "duplicate", goTo(lab, "icmp.receive"))).toBeUndefined();
    toTheEnd(lab);
    expect(output(lab)).toContain("(DUP!)");
  });

  it("4. a packet on a link, or one that waits for ARP, can be doubled, held and dropped too", () => {
    for (const action of ["duplicate", "hold", "drop"] as const) {
      const lab = openText(text);
      goTo(lab, "arp.request");
      expect(apply(lab, action, 1), `${action} a waiting one`).toBeUndefined();
      toTheEnd(lab);
      const other = openText(text);
      other.run(5);
      expect(apply(other, action, 2), `${action} one on a link`).toBeUndefined();
      toTheEnd(other);
    }
  });

  it("5. header fields are written anew, checksums follow", () => {
    const lab = openText(text);
    const packet = goTo(lab, "ip.receive");
    const set = (field: string, value: string) =>
      lab.hand.apply({ do: "set", data: `packet:${packet}#${field}`, value });
    expect(set("ip.ttl", "1")).toBeUndefined();
    expect(set("icmp.seq", "7")).toBeUndefined();
    expect(set("ip.src", "10.244.1.77")).toBeUndefined();
    expect(lab.hand.valueOf(`packet:${packet}#ip.ttl`)).toBe("1");
    expect(lab.hand.valueOf(`packet:${packet}#ip.src`)).toBe("10.244.1.77");
    expect(lab.hand.dataOf("ip.ttl", packet + 1)).toBe(`packet:${packet}#ip.ttl`);
    expect(set("ip.ttl", "256")).toMatchInlineSnapshot(`""256" is not a number from 0 to 255"`);
    expect(set("ip.dst", "pod1")).toMatchInlineSnapshot(`""pod1" is not an IPv4 address, such as 10.244.1.9"`);
    expect(set("ip.len", "20")).toMatchInlineSnapshot(
      `"ip.len is not to be changed: it follows from the rest of the packet"`,
    );
    expect(set("tcp.srcport", "20")).toMatchInlineSnapshot(`"It is no whole TCP segment"`);
    expect(set("arp.opcode", "1")).toMatchInlineSnapshot(`"It is no ARP packet"`);
    toTheEnd(lab);
  });

  it("6. a frame can be put into a device, or sent out of it", () => {
    const lab = openText(twice);
    const packet = goTo(lab, "icmp.receive");
    const row = [...lab.world.packets.table.rows()].find((one) => lab.world.packets.number.get(one) === packet) ?? 0;
    const data = lab.world.packets.data.get(row);
    if (data === null) throw new Error("no packet");
    const frame = Buffer.from(bytesOf(data)).toString("hex");
    expect(lab.hand.apply({ do: "inject", device: "pod1/eth0", way: "out", frame })).toBeUndefined();
    expect(lab.hand.apply({ do: "inject", device: "pod2/eth0", way: "in", frame })).toBeUndefined();
    expect(lab.hand.apply({ do: "inject", device: "pod7/eth0", way: "in", frame })).toMatchInlineSnapshot(
      `"There is no device "pod7/eth0""`,
    );
    expect(lab.hand.apply({ do: "inject", device: "pod1/eth0", way: "in", frame: "xyz" })).toMatchInlineSnapshot(
      `"A frame is written in hexadecimal digits, two for each byte"`,
    );
    expect(lab.hand.apply({ do: "inject", device: "pod1/eth0", way: "in", frame: "0102" })).toMatchInlineSnapshot(
      `"These 2 bytes are no Ethernet frame: 2 bytes, needs 14"`,
    );
    toTheEnd(lab);
    expect(output(lab).match(/\(DUP!\)/g)).toHaveLength(2);
  });
});
