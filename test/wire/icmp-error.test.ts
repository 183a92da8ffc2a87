import { expect, test } from "vitest";
import { printIpv4 } from "../../src/wire/frame-text.ts";
import { icmpError, icmpType, unreachableCode } from "../../src/wire/icmp.ts";
import { makeIcmpError, parseQuoted } from "../../src/wire/icmp-error.ts";
import { emitIpv4Packet, type Ipv4Packet, type Ipv4Payload, ipv4Packet, rawIpPayload } from "../../src/wire/ipv4.ts";
import { tcpFlag, tcpSegment } from "../../src/wire/tcp.ts";
import { synOptions } from "../../src/wire/tcp-options.ts";
import { udpDatagram } from "../../src/wire/udp.ts";

const client = 0x0af40002;
const server = 0x0af40102;
const router = 0x0af40001;

test("a short packet is quoted whole, and printed in braces", () => {
  const original = packet(udpDatagram(45001, 33435, new Uint8Array(5)), { ttl: 1 });
  const error = makeIcmpError(icmpType.timeExceeded, 0, 0, original);
  expect(error.quoted).toEqual(emitIpv4Packet(original));
  expect(error.original).toBe(original);
  // As recorded from the kernel in 09-ttl.
  expect(printIpv4(ipv4Packet({ source: router, destination: client, ttl: 64, tos: 0xc0, payload: error }))).toBe(
    "IP 10.244.0.1 > 10.244.0.2 ttl=64 tos=0xc0 len=61 ICMP ttl-exceeded " +
      "{ IP 10.244.0.2 > 10.244.1.2 ttl=1 DF len=33 UDP 45001 > 33435 len=5 }",
  );
});

test("a long packet is quoted so far that the error is 576 bytes", () => {
  const original = packet(udpDatagram(45001, 53, new Uint8Array(1400)));
  const error = makeIcmpError(icmpType.destinationUnreachable, unreachableCode.fragmentationNeeded, 1450, original);
  const carrier = ipv4Packet({ source: router, destination: client, ttl: 64, tos: 0xc0, payload: error });
  expect(carrier.totalLength).toBe(576);
  expect(emitIpv4Packet(carrier)).toHaveLength(576);
  expect(printIpv4(carrier)).toBe(
    "IP 10.244.0.1 > 10.244.0.2 ttl=64 tos=0xc0 len=576 ICMP frag-needed mtu=1450 " +
      "{ IP 10.244.0.2 > 10.244.1.2 ttl=64 DF len=1428 UDP 45001 > 53 len=1400 }",
  );
});

test("a quoted SYN is printed with its flags; of eight octets of TCP only ports and sequence are known", () => {
  const options = synOptions(1460, 7, { value: 1, echoReply: 0 });
  const segment = { sourcePort: 41002, destinationPort: 80, sequence: 77, acknowledgment: 0, window: 64240 };
  const syn = emitIpv4Packet(packet(tcpSegment({ ...segment, flags: tcpFlag.syn, options })));
  expect(printQuote(syn)).toBe("IP 10.244.0.2 > 10.244.1.2 ttl=64 DF len=60 TCP 41002 > 80 [S] seq=77 len=0 mss=1460");
  expect(printQuote(syn.subarray(0, 28))).toBe("IP 10.244.0.2 > 10.244.1.2 ttl=64 DF len=60 TCP 41002 > 80 seq=77");
  // The header is cut within its options: what it says of them is not known.
  expect(printQuote(syn.subarray(0, 45))).toBe("IP 10.244.0.2 > 10.244.1.2 ttl=64 DF len=60 TCP 41002 > 80 seq=77");
});

test("an error about a fragment that is not the first quotes no ports", () => {
  const fragment = packet(rawIpPayload(17, new Uint8Array(40)), { fragmentOffset: 1424, dontFragment: false });
  expect(printQuote(emitIpv4Packet(fragment))).toBe("IP 10.244.0.2 > 10.244.1.2 ttl=64 frag off=1424 len=60");
});

test("an error that quotes an error is printed with both", () => {
  const inner = packet(makeIcmpError(icmpType.timeExceeded, 0, 0, packet(udpDatagram(1, 2, new Uint8Array(0)))));
  expect(printQuote(emitIpv4Packet(inner))).toBe(
    "IP 10.244.0.2 > 10.244.1.2 ttl=64 DF len=56 ICMP ttl-exceeded " +
      "{ IP 10.244.0.2 > 10.244.1.2 ttl=64 DF len=28 UDP 1 > 2 len=0 }",
  );
});

test("less than an IP header is no quote", () => {
  const error = icmpError(icmpType.destinationUnreachable, unreachableCode.host, 0, new Uint8Array(19));
  expect(parseQuoted(error)).toMatchObject({ kind: "malformed", layer: "ipv4" });
  expect(printIpv4(packet(error))).toBe("IP 10.244.0.2 > 10.244.1.2 ttl=64 DF len=47 ICMP host-unreachable");
});

test("redirects name the gateway", () => {
  const redirect = icmpError(icmpType.redirect, 1, router, new Uint8Array(0));
  expect(printIpv4(packet(redirect))).toMatch(/ICMP redirect-host gw=10\.244\.0\.1$/);
});

function packet(payload: Ipv4Payload, fields: Partial<Ipv4Packet> = {}): Ipv4Packet {
  return ipv4Packet({ source: client, destination: server, ttl: 64, dontFragment: true, ...fields, payload });
}

/** The text of quoted octets, as an error that carries them prints it. */
function printQuote(quoted: Uint8Array): string | undefined {
  const line = printIpv4(packet(icmpError(icmpType.destinationUnreachable, unreachableCode.host, 0, quoted)));
  return /\{ (.*) \}/.exec(line)?.[1];
}
