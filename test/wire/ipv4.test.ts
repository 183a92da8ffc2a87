import { expect, test } from "vitest";
import { printIpv4 } from "../../src/wire/frame-text.ts";
import { icmpEcho } from "../../src/wire/icmp.ts";
import {
  emitIpv4Packet,
  type Ipv4Packet,
  ipv4Packet,
  parseIpv4Packet,
  protocolNumber,
  rawIpPayload,
  withTtl,
} from "../../src/wire/ipv4.ts";
import { udpDatagram } from "../../src/wire/udp.ts";

const ping = ipv4Packet({
  source: 0x0af40002,
  destination: 0x0af40003,
  ttl: 64,
  dontFragment: true,
  identification: 7,
  payload: icmpEcho(8, 101, 1, new Uint8Array(56)),
});

test("a made packet knows its length and leaves the checksum to be computed", () => {
  expect(ping.totalLength).toBe(84);
  expect(ping.checksum).toBeUndefined();
  expect(printIpv4(ping)).toBe("IP 10.244.0.2 > 10.244.0.3 ttl=64 DF len=84 ICMP echo-request id=101 seq=1");
});

test("a router changes the TTL, and with it the checksum", () => {
  const arrived = parseIpv4Packet(emitIpv4Packet(ping)) as Ipv4Packet;
  const forwarded = parseIpv4Packet(emitIpv4Packet(withTtl(arrived, 63))) as Ipv4Packet;
  expect(forwarded).toEqual({ ...arrived, ttl: 63, checksum: forwarded.checksum });
  // The TTL is the upper octet of its word: one less there is 0x100 more in the complement (RFC 1624).
  expect(forwarded.checksum).toBe((arrived.checksum ?? 0) + 0x100);
});

test("all ways to get a packet give one object shape, so that the simulator's hot path stays monomorphic", () => {
  const names = Object.keys(ping);
  expect(Object.keys(withTtl(ping, 1))).toEqual(names);
  expect(Object.keys(parseIpv4Packet(emitIpv4Packet(ping)))).toEqual(names);
});

test("options count as header, padded to words", () => {
  const options = Uint8Array.of(148, 4, 0, 0); // Router Alert (RFC 2113)
  const packet = ipv4Packet({
    source: 1,
    destination: 2,
    ttl: 1,
    options,
    payload: rawIpPayload(2, new Uint8Array(8)),
  });
  expect(packet.totalLength).toBe(32);
  expect(parseIpv4Packet(emitIpv4Packet(packet))).toMatchObject({ options, payload: { kind: "raw", protocol: 2 } });
  expect(printIpv4(packet)).toBe("IP 0.0.0.1 > 0.0.0.2 ttl=1 len=32 proto=2");
});

test("a transport that cannot be read stays octets: a router forwards it all the same", () => {
  const cutShort = rawIpPayload(6, new Uint8Array(7));
  const packet = ipv4Packet({ source: 1, destination: 2, ttl: 64, payload: cutShort });
  expect(parseIpv4Packet(emitIpv4Packet(packet))).toMatchObject({ payload: cutShort });
});

test("the first fragment of a datagram prints the datagram's ports and length", () => {
  const whole = emitIpv4Packet(
    ipv4Packet({ source: 1, destination: 2, ttl: 64, payload: udpDatagram(41001, 53, new Uint8Array(100)) }),
  );
  const payload = rawIpPayload(17, whole.subarray(20, 68));
  const fragment = ipv4Packet({ source: 1, destination: 2, ttl: 64, moreFragments: true, payload });
  expect(printIpv4(fragment)).toBe("IP 0.0.0.1 > 0.0.0.2 ttl=64 frag off=0 more len=68 UDP 41001 > 53 len=100");
});

test("the protocol field follows from the payload", () => {
  expect(protocolNumber(ping.payload)).toBe(1);
  expect(protocolNumber(udpDatagram(1, 2, new Uint8Array(0)))).toBe(17);
  expect(protocolNumber(rawIpPayload(132, new Uint8Array(0)))).toBe(132);
});

test.each([
  ["another version", { 0: 0x65 }, "version 6"],
  ["a header shorter than five words", { 0: 0x44 }, "header length 16 in 84 bytes"],
  ["a total length shorter than the header", { 3: 19 }, "total length 19, header 20"],
  ["a total length beyond the end", { 3: 85 }, "total length 85, but 84 bytes"],
  ["the reserved flag", { 6: 0x80 }, "reserved flag set"],
])("%s is malformed", (_, octets, reason) => {
  const bytes = emitIpv4Packet(ping);
  for (const [at, value] of Object.entries(octets)) bytes[Number(at)] = value;
  expect(parseIpv4Packet(bytes)).toMatchObject({ kind: "malformed", layer: "ipv4", reason });
});

test("a packet whose total length is not that of its parts is our own bug", () => {
  expect(() => emitIpv4Packet({ ...ping, totalLength: 85 })).toThrow("k8snet bug");
});
