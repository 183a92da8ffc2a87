import type { Capture, CapturedPacket, CaptureInterface } from "./capture.ts";
import { malformed } from "./malformed.ts";
import { byteOrderMagic, directionFlag, paddedLength, pcapngBlock, pcapngOption } from "./pcapng.ts";

/** Reads sections, interfaces, enhanced and simple packets; passes over blocks of other types. */
export function readPcapng(bytes: Uint8Array): Capture {
  const section: Section = { littleEndian: true, firstInterface: 0, interfaces: [], clocks: [], packets: [] };
  let at = 0;
  while (at < bytes.length) {
    const step = readBlock(section, bytes.subarray(at));
    if (typeof step === "string") return capture(section, step, bytes.subarray(at));
    at += step;
  }
  return capture(section);
}

/** What has been read; a new section starts counting its interfaces from 0, `firstInterface` of the whole file. */
interface Section {
  littleEndian: boolean;
  firstInterface: number;
  readonly interfaces: CaptureInterface[];
  readonly clocks: Clock[];
  readonly packets: CapturedPacket[];
}

/** How an interface's timestamps are meant. */
interface Clock {
  readonly unitsPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

function capture(section: Section, reason?: string, rest?: Uint8Array): Capture {
  const { interfaces, packets } = section;
  if (reason === undefined || rest === undefined) return { interfaces, packets };
  return { interfaces, packets, problem: malformed("pcapng", reason, rest) };
}

/** Reads the first block and gives its length, or the reason why there is none. */
function readBlock(section: Section, bytes: Uint8Array): number | string {
  if (bytes.length < 12) return "block cut short";
  const view = viewOf(bytes);
  // The type of a section header reads the same in both byte orders; its magic number tells which it is.
  const startsSection = view.getUint32(0) === pcapngBlock.section;
  if (startsSection) {
    section.littleEndian = view.getUint32(8, true) === byteOrderMagic;
    if (!section.littleEndian && view.getUint32(8) !== byteOrderMagic) return "no byte-order magic";
    section.firstInterface = section.interfaces.length;
  }
  const type = view.getUint32(0, section.littleEndian);
  const length = view.getUint32(4, section.littleEndian);
  if (length < 12 || length % 4 !== 0) return `block length ${length}`;
  if (length > bytes.length) return "block cut short";
  const body = bytes.subarray(8, length - 4);
  return readBody(section, type, body) ?? length;
}

function readBody(section: Section, type: number, body: Uint8Array): string | undefined {
  if (type === pcapngBlock.interface) return readInterface(section, body);
  if (type === pcapngBlock.enhancedPacket) return readEnhancedPacket(section, body);
  if (type === pcapngBlock.simplePacket) return readSimplePacket(section, body);
  return undefined;
}

function readInterface(section: Section, body: Uint8Array): string | undefined {
  if (body.length < 8) return "interface description cut short";
  const options = readOptions(body.subarray(8), section.littleEndian);
  const name = options.get(pcapngOption.interfaceName);
  section.interfaces.push({
    name: name === undefined ? undefined : new TextDecoder().decode(name),
    linkType: viewOf(body).getUint16(0, section.littleEndian),
  });
  const offset = options.get(pcapngOption.timeOffset);
  section.clocks.push({
    unitsPerSecond: unitsPerSecond(options.get(pcapngOption.timeResolution)?.[0] ?? 6),
    offsetSeconds: offset?.length === 8 ? viewOf(offset).getBigInt64(0, section.littleEndian) : 0n,
  });
  return undefined;
}

/** `if_tsresol`: a negative power of 10, or of 2 where the highest bit is set. */
function unitsPerSecond(resolution: number): bigint {
  return resolution < 128 ? 10n ** BigInt(resolution) : 2n ** BigInt(resolution - 128);
}

function readEnhancedPacket(section: Section, body: Uint8Array): string | undefined {
  if (body.length < 20) return "packet block cut short";
  const view = viewOf(body);
  const little = section.littleEndian;
  const interfaceIndex = section.firstInterface + view.getUint32(0, little);
  const clock = section.clocks[interfaceIndex];
  if (clock === undefined) return "packet of an interface that is not described";
  const length = view.getUint32(12, little);
  if (20 + length > body.length) return "packet data cut short";
  const units = (BigInt(view.getUint32(4, little)) << 32n) | BigInt(view.getUint32(8, little));
  const options = readOptions(body.subarray(20 + paddedLength(length)), little);
  const flags = options.get(pcapngOption.packetFlags);
  section.packets.push({
    interfaceIndex,
    timeNs: clock.offsetSeconds * 1_000_000_000n + (units * 1_000_000_000n) / clock.unitsPerSecond,
    direction: flags?.length === 4 ? direction(viewOf(flags).getUint32(0, little)) : undefined,
    originalLength: view.getUint32(16, little),
    bytes: body.subarray(20, 20 + length),
  });
  return undefined;
}

function direction(flags: number): "in" | "out" | undefined {
  if ((flags & 3) === directionFlag.in) return "in";
  return (flags & 3) === directionFlag.out ? "out" : undefined;
}

/** A packet of the section's first interface, without a time. */
function readSimplePacket(section: Section, body: Uint8Array): string | undefined {
  if (body.length < 4) return "packet block cut short";
  if (section.interfaces[section.firstInterface] === undefined) return "packet of an interface that is not described";
  const originalLength = viewOf(body).getUint32(0, section.littleEndian);
  const bytes = body.subarray(4, 4 + originalLength);
  section.packets.push({ interfaceIndex: section.firstInterface, timeNs: 0n, originalLength, bytes });
  return undefined;
}

/** The first value of each option, up to the end of the list or the first that does not fit. */
function readOptions(bytes: Uint8Array, littleEndian: boolean): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  const view = viewOf(bytes);
  let at = 0;
  while (at + 4 <= bytes.length) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    if (code === pcapngOption.end || at + 4 + length > bytes.length) break;
    if (!options.has(code)) options.set(code, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + paddedLength(length);
  }
  return options;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
