import { expect, test } from "vitest";
import { arpPacket } from "../../src/wire/arp.ts";
import { emitFrame, ethernetFrame } from "../../src/wire/ethernet.ts";
import { printFrame } from "../../src/wire/frame-text.ts";
import { ipv4Packet } from "../../src/wire/ipv4.ts";
import { broadcastMac } from "../../src/wire/mac-address.ts";
import { udpDatagram } from "../../src/wire/udp.ts";
import { emitVxlan, parseVxlan, printVxlan, vxlanHeader, vxlanPort } from "../../src/wire/vxlan.ts";

test("RFC 7348 section 5: flags, a VNI of 24 bits, the rest reserved", () => {
  const bytes = emitVxlan(vxlanHeader(0xabcdef));
  expect([...bytes]).toEqual([0x08, 0, 0, 0, 0xab, 0xcd, 0xef, 0]);
  expect(parseVxlan(bytes)).toEqual(vxlanHeader(0xabcdef));
  expect(printVxlan(vxlanHeader(1))).toBe("VXLAN vni=1");
});

test.each([
  ["too few octets", [0x08, 0, 0, 0, 0, 0, 1]],
  ["no valid VNI", [0x00, 0, 0, 0, 0, 0, 1, 0]],
  ["a reserved flag", [0x0c, 0, 0, 0, 0, 0, 1, 0]],
  ["a reserved octet", [0x08, 0, 0, 0, 0, 0, 1, 7]],
])("%s is malformed", (_, octets) => {
  expect(parseVxlan(Uint8Array.from(octets))).toMatchObject({ kind: "malformed", layer: "vxlan" });
});

test("the frame inside is printed in braces", () => {
  const line = printFrame(outerFrame(vxlanPort.linux));
  expect(line).toBe(
    "IP 192.168.50.11 > 192.168.50.12 ttl=64 len=78 UDP 40000 > 8472 nocsum VXLAN vni=1 " +
      "{ ARP who-has 10.0.0.2 tell 10.0.0.1 [02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff] } " +
      "[02:00:00:00:00:0b > 02:00:00:00:00:0c]",
  );
});

test("to any other port it is data", () => {
  expect(printFrame(outerFrame(8473))).toMatch(/UDP 40000 > 8473 len=50 \[/);
});

function outerFrame(destinationPort: number) {
  const inner = ethernetFrame(broadcastMac, 0x020000000001, arpPacket(1, 0x020000000001, 0x0a000001, 0, 0x0a000002));
  const data = Uint8Array.from([...emitVxlan(vxlanHeader(1)), ...emitFrame(inner)]);
  const payload = udpDatagram(40000, destinationPort, data, 0);
  const packet = ipv4Packet({ source: 0xc0a8320b, destination: 0xc0a8320c, ttl: 64, payload });
  return ethernetFrame(0x02000000000c, 0x02000000000b, packet);
}
