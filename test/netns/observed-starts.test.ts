import { expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import type { SeenFrame } from "../../src/netns/capture.ts";
import { observedStarts } from "../../src/netns/observed-starts.ts";
import type { Parallel } from "../../src/plan/statements.ts";
import { parseIpv4 } from "../../src/wire/address-text.ts";
import { arpPacket } from "../../src/wire/arp.ts";
import { type EthernetFrame, ethernetFrame } from "../../src/wire/ethernet.ts";
import { icmpEcho } from "../../src/wire/icmp.ts";
import { ipv4Packet } from "../../src/wire/ipv4.ts";
import { broadcastMac } from "../../src/wire/mac-address.ts";
import { noBytes } from "../../src/wire/octets.ts";

const text = `netns a
netns b
veth a/eth0 address 10.0.0.1/24 <-> b/eth0 address 10.0.0.2/24
scenario "at once" { parallel {
  ping a -> b id 1
  ping a -> b id 2
} }
`;
const block = compileSync(text, "file:///x.k8snet").plan.scenarios[0].statements[0] as Parallel;
const [a, b] = ["10.0.0.1", "10.0.0.2"].map((address) => parseIpv4(address) as number);

function seen(timeNs: number, direction: "in" | "out", frame: EthernetFrame): SeenFrame {
  return { device: "a/eth0", direction, timeNs, frame };
}

const echo = (identifier: number) =>
  ethernetFrame(
    0xb,
    0xa,
    ipv4Packet({ source: a, destination: b, ttl: 64, payload: icmpEcho(8, identifier, 1, noBytes) }),
  );
const question = ethernetFrame(broadcastMac, 0xa, arpPacket(1, 0xa, a, 0, b));
const answer = ethernetFrame(0xa, 0xb, arpPacket(2, 0xb, b, 0xa, a));

test("a statement began when its first packet was seen", () => {
  const frames = [seen(7_000_000, "out", echo(2)), seen(9_000_000, "out", echo(1))];
  expect(observedStarts(block, 0, frames)).toEqual([9_000_100, 7_000_000]);
});

test("what waited for ARP began with the question, and in the order in which it then left", () => {
  const frames = [
    seen(5_000_000, "out", question),
    seen(5_050_000, "in", answer),
    seen(5_060_000, "out", echo(2)),
    seen(5_070_000, "out", echo(1)),
  ];
  expect(observedStarts(block, 0, frames)).toEqual([5_000_100, 5_000_000]);
});

test("what was never answered began with the question, what was never seen with the block", () => {
  expect(observedStarts(block, 0, [seen(5_000_000, "out", question)])[0]).toBe(5_000_000);
  expect(observedStarts(block, 3_000_000, [])[0]).toBe(3_000_000);
});

test("a question that the timer repeats, with the source of what waits last, is no beginning", () => {
  const fromElsewhere = ethernetFrame(broadcastMac, 0xa, arpPacket(1, 0xa, a + 100, 0, b));
  const frames = [seen(0, "out", fromElsewhere), seen(1_010_000_000, "out", question)];
  expect(observedStarts(block, 990_000_000, frames)[0]).toBe(990_000_000);
});
