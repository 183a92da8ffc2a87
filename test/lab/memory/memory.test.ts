import { expect, test, vi } from "vitest";
import { packetMemory } from "../../../src/lab/data/shown-packet.ts";
import type { Lab } from "../../../src/lab/lab.ts";
import { makeOrigin, type PacketData } from "../../../src/linux/packets.ts";
import { digest } from "../../../src/sim/digest.ts";
import { labText, openText } from "../run-lab.ts";

/** Stands before the echo request is received, and answers its memory reference. */
function atEcho(): { readonly lab: Lab; readonly reference: string } {
  const lab = openText(labText("same-node-ping"));
  lab.setFunctionBreakpoints(["icmp.receive"]);
  const motion = lab.continue();
  for (;;) {
    const result = motion.advance(1000);
    if (result.kind !== "stopped") continue;
    const { frames } = lab.stack(result.stop.threadId, 0, 1);
    const packet = lab.scopes(result.stop.threadId, frames[0].id)[0].children();
    const reference = packet.find(({ name }) => name === "bytes")?.memory ?? "";
    const layers = packet.flatMap(({ name, memory }) =>
      memory === undefined ? [] : [`${name} ${memory.replace(reference, "")}`],
    );
    expect(layers).toEqual(["Ethernet II @0", "IPv4 @14", "ICMP @34", "Data @42", "bytes "]);
    return { lab, reference };
  }
}

const ttlOffset = 14 + 8;

test("1. Each layer's memory begins where its header does", () => {
  const { lab, reference } = atEcho();
  expect(lab.memory.read(reference)).toHaveLength(98);
  expect(lab.memory.read(`${reference}@14`)?.[0]).toBe(0x45);
  expect(lab.memory.read(`${reference}@34`)?.[0]).toBe(8);
  expect(lab.memory.read("packet:99")).toBeUndefined();
});

test("2. Bytes that are written are the packet from then on, and going back before that it is as it was", () => {
  const { lab, reference } = atEcho();
  const { sim } = lab.world;
  const before = digest(sim);
  expect(lab.memory.write(`${reference}@14`, 8, Uint8Array.of(33))).toBeUndefined();
  expect(lab.memory.read(reference)?.[ttlOffset]).toBe(33);
  expect(lab.hand.made).toMatchObject([{ edit: { do: "bytes" } }]);
  sim.goTo(sim.position - 1);
  sim.goTo(sim.position + 1);
  expect(lab.memory.read(reference)?.[ttlOffset]).toBe(33);
  expect(digest(sim)).not.toBe(before);
});

test("3. What the simulator cannot carry is refused, and changes nothing", () => {
  const { lab, reference } = atEcho();
  const before = digest(lab.world.sim);
  expect(lab.memory.write(reference, 12, Uint8Array.of(0x86, 0xdd))).toContain("no frame of ipv4 icmp-echo any more");
  expect(lab.memory.write(reference, 14, Uint8Array.of(0x65))).toContain("no frame of ipv4 icmp-echo any more");
  expect(lab.memory.write(reference, 97, Uint8Array.of(1, 2))).toContain("length cannot be changed");
  expect(digest(lab.world.sim)).toBe(before);
  expect(lab.hand.made).toEqual([]);
});

test("4. Among ten thousand packets in flight nobody looks for the one that is named", () => {
  const { lab } = atEcho();
  const { packets } = lab.world;
  const [echo] = packets.table.rows();
  const frame = packets.data.get(echo) as PacketData;
  const at = [packets.netns.get(echo), packets.device.get(echo), packets.stage.get(echo)] as const;
  let last = 0;
  for (let name = 100; name < 10_100; name++) last = packets.make(...at, frame, makeOrigin(name, 0));
  const names = vi.spyOn(packets.origin, "get");
  expect(lab.memory.read(packetMemory(lab.world, last))).toHaveLength(98);
  expect(names.mock.calls.length).toBeLessThan(5);
  // An edit of the past may have led the packet to another row.
  expect(lab.memory.read(`packet:10099/${echo}`)).toHaveLength(98);
  expect(lab.memory.read(`packet:10100/${last}`)).toBeUndefined();
});
