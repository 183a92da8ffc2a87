import { expect, test } from "vitest";
import { internetChecksum, pseudoHeaderSum } from "../../src/wire/checksum.ts";
import { emitUdp, parseUdp, udpDatagram } from "../../src/wire/udp.ts";

test("RFC 1071 section 3: the octets 00 01 f2 03 f4 f5 f6 f7 sum to ddf2", () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  expect(internetChecksum(bytes, 0, bytes.length)).toBe(0xffff - 0xddf2);
});

test("RFC 1071 section 1: over data with its checksum, the result is zero", () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0x22, 0x0d);
  expect(internetChecksum(bytes, 0, bytes.length)).toBe(0);
});

test("an odd last octet is padded with zero", () => {
  expect(internetChecksum(Uint8Array.of(0x12, 0x34, 0x56), 0, 3)).toBe(
    internetChecksum(Uint8Array.of(0x12, 0x34, 0x56, 0x00), 0, 4),
  );
});

test("only the octets asked for are summed", () => {
  expect(internetChecksum(Uint8Array.of(9, 9, 0x12, 0x34, 9), 2, 4)).toBe(0xffff - 0x1234);
});

test("the longest packet of all ones does not overflow the sum", () => {
  expect(internetChecksum(new Uint8Array(65535).fill(0xff), 0, 65535)).toBe(0x00ff);
});

test("RFC 768: a UDP checksum that comes out as zero is sent as all ones", () => {
  const pseudoHeader = pseudoHeaderSum(0x0a000001, 0x0a000002, 17, 10);
  const withZeros = parseUdp(emitUdp(udpDatagram(1, 2, new Uint8Array(2)), pseudoHeader));
  const checksum = "checksum" in withZeros ? (withZeros.checksum ?? 0) : 0;
  // Data that adds what is missing to all ones makes the computed checksum zero.
  const data = Uint8Array.of(checksum >>> 8, checksum & 0xff);
  expect(parseUdp(emitUdp(udpDatagram(1, 2, data), pseudoHeader))).toMatchObject({ checksum: 0xffff });
});

test("a UDP datagram asked to have no checksum has none", () => {
  expect(parseUdp(emitUdp(udpDatagram(1, 2, new Uint8Array(2), 0), 1234))).toMatchObject({ checksum: 0 });
});
