import fc from "fast-check";
import { arpPacket } from "../../src/wire/arp.ts";
import { type EthernetFrame, ethernetFrame } from "../../src/wire/ethernet.ts";
import { icmpEcho, icmpError, icmpOther } from "../../src/wire/icmp.ts";
import { ipv4Packet, rawIpPayload } from "../../src/wire/ipv4.ts";
import { tcpSegment } from "../../src/wire/tcp.ts";
import { udpDatagram } from "../../src/wire/udp.ts";

// Frames as the simulator makes them: every field that a header has room for, checksums left to be computed.

const uint8 = fc.integer({ min: 0, max: 0xff });
const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const mac = fc.integer({ min: 0, max: 0xffff_ffff_ffff });
const data = fc.uint8Array({ maxLength: 80 });
const optionWords = fc.integer({ min: 1, max: 10 }).map((words) => words * 4);
const options = optionWords.chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));

const arp = fc.tuple(uint16, mac, uint32, mac, uint32).map((fields) => arpPacket(...fields));

const tcp = fc
  .record({
    sourcePort: uint16,
    destinationPort: uint16,
    sequence: uint32,
    acknowledgment: uint32,
    flags: fc.integer({ min: 0, max: 0xfff }),
    window: uint16,
    urgentPointer: uint16,
    options: fc.option(options, { nil: undefined }),
    data,
  })
  .map(tcpSegment);

const udp = fc
  .tuple(uint16, uint16, data, fc.constantFrom(undefined, 0))
  .map(([source, destination, content, checksum]) => udpDatagram(source, destination, content, checksum));

const icmp = fc.oneof(
  fc
    .tuple(fc.constantFrom(0 as const, 8 as const), uint16, uint16, data)
    .map(([type, identifier, sequence, content]) => icmpEcho(type, identifier, sequence, content)),
  fc
    .tuple(fc.constantFrom(3, 4, 5, 11, 12), uint8, uint32, data)
    .map(([type, code, rest, quoted]) => icmpError(type, code, rest, quoted)),
  fc
    .tuple(fc.integer({ min: 13, max: 255 }), uint8, fc.uint8Array({ minLength: 4, maxLength: 40 }))
    .map(([type, code, bytes]) => icmpOther(type, code, bytes)),
);

const ipv4 = fc
  .record({
    source: uint32,
    destination: uint32,
    ttl: uint8,
    tos: uint8,
    identification: uint16,
    dontFragment: fc.boolean(),
    options: fc.option(options, { nil: undefined }),
    payload: fc.oneof(
      tcp,
      udp,
      icmp,
      data.map((bytes) => rawIpPayload(132, bytes)),
    ),
  })
  .map(ipv4Packet);

/** Fragments other than the first carry octets, not a transport. */
const fragment = fc
  .record({
    source: uint32,
    destination: uint32,
    ttl: uint8,
    moreFragments: fc.boolean(),
    fragmentOffset: fc.integer({ min: 1, max: 0x1fff }).map((units) => units * 8),
    payload: fc.tuple(uint8, data).map(([protocol, bytes]) => rawIpPayload(protocol, bytes)),
  })
  .map(ipv4Packet);

const other = data.map((bytes) => ({ kind: "other" as const, etherType: 0x86dd, bytes }));

const trailer = fc.option(fc.uint8Array({ minLength: 1, maxLength: 18 }), { nil: undefined });

export const arbitraryFrame: fc.Arbitrary<EthernetFrame> = fc.oneof(
  fc
    .tuple(mac, mac, fc.oneof(arp, ipv4, fragment), trailer)
    .map(([destination, source, payload, octets]) => ethernetFrame(destination, source, payload, octets)),
  fc.tuple(mac, mac, other).map((fields) => ethernetFrame(...fields)),
);
