import { expect, test } from "vitest";
import { arpPacket } from "../../src/wire/arp.ts";
import { type EthernetFrame, type EthernetPayload, ethernetFrame } from "../../src/wire/ethernet.ts";
import { FrameTracer, traceLine } from "../../src/wire/frame-trace.ts";
import { icmpError } from "../../src/wire/icmp.ts";
import { emitIpv4Packet, ipv4Packet } from "../../src/wire/ipv4.ts";
import { tcpFlag, tcpSegment } from "../../src/wire/tcp.ts";
import { udpDatagram } from "../../src/wire/udp.ts";

// The kernel captures (kernel-captures.test.ts) hold the form of a line; here is what they do not contain.

test("sequence numbers are relative to the nearest initial one before them", () => {
  const tracer = new FrameTracer(() => true);
  tracer.observe(tcp(1000, tcpFlag.syn));
  tracer.observe(tcp(5000, tcpFlag.syn));
  expect(tracer.line(tcp(1033, 0))).toContain("seq=33 ");
  expect(tracer.line(tcp(5001, 0))).toContain("seq=1 ");
});

test("also across the wrap from 2^32 - 1 to 0", () => {
  const tracer = new FrameTracer(() => true);
  tracer.observe(tcp(0xffff_fff0, tcpFlag.syn));
  expect(tracer.line(tcp(0x10, 0))).toContain("seq=32 ");
});

test("zero stays zero, as in the RST of a closed port, and a number that nothing explains is ?", () => {
  const tracer = new FrameTracer(() => true);
  expect(tracer.line(tcp(77, 0))).toContain("seq=? ");
  tracer.observe(tcp(0xf000_0000, tcpFlag.syn));
  expect(tracer.line(tcp(0, tcpFlag.rst))).toContain("seq=0 ");
  expect(tracer.line(tcp(0x7000_0000, 0))).toContain("seq=? ");
});

test("a SYN known only from the quote of an ICMP error counts too", () => {
  const tracer = new FrameTracer(() => true);
  const syn = tcp(9000, tcpFlag.syn).payload;
  if (syn.kind !== "ipv4") throw new Error("a SYN travels in IPv4");
  tracer.observe(ip(icmpError(3, 3, 0, emitIpv4Packet(syn))));
  expect(tracer.line(tcp(9001, 0))).toContain("seq=1 ");
});

test("frames observed after a line was written count for later lines", () => {
  const tracer = new FrameTracer(() => true);
  tracer.observe(tcp(1000, tcpFlag.syn));
  expect(tracer.line(tcp(1500, 0))).toContain("seq=500 ");
  tracer.observe(tcp(1400, tcpFlag.syn));
  expect(tracer.line(tcp(1500, 0))).toContain("seq=100 ");
});

test("ports that nobody mentioned are *", () => {
  const tracer = new FrameTracer((port) => port === 53);
  expect(tracer.line(ip(udpDatagram(41001, 53, new Uint8Array(5))))).toContain("UDP * > 53 len=5");
});

test("an EtherType that is not decoded prints its number and the frame's length", () => {
  const line = new FrameTracer(() => true).line(frame({ kind: "other", etherType: 0x88cc, bytes: new Uint8Array(46) }));
  expect(line).toBe("ethertype 0x88cc len=60 [02:00:00:00:00:01 > 02:00:00:00:00:02]");
});

test("a probe, a who-has with a known target address, prints that address", () => {
  const line = new FrameTracer(() => true).line(frame(arpPacket(1, 1, 0x0a000001, 0x020000000002, 0x0a000002)));
  expect(line).toContain("ARP who-has 10.0.0.2 tell 10.0.0.1 (tha 02:00:00:00:00:02) [");
});

test("a place and a direction go before the line", () => {
  expect(traceLine("pod1/eth0", "out", "ARP …")).toBe("pod1/eth0 out ARP …");
});

function tcp(sequence: number, flags: number): EthernetFrame {
  return ip(tcpSegment({ sourcePort: 40001, destinationPort: 80, sequence, acknowledgment: 0, flags, window: 1 }));
}

function ip(payload: Parameters<typeof ipv4Packet>[0]["payload"]): EthernetFrame {
  return frame(ipv4Packet({ source: 0x0a000001, destination: 0x0a000002, ttl: 64, payload }));
}

function frame(payload: EthernetPayload): EthernetFrame {
  return ethernetFrame(0x020000000002, 0x020000000001, payload);
}
