import { type DnsMalformed, type DnsName, malformedDns, NameWriter, readName } from "./dns-name.ts";
import type { Ipv4Address } from "./ipv4-address.ts";
import { isMalformed, type Malformed, malformed } from "./malformed.ts";
import { readUint16, readUint32 } from "./octets.ts";
import type { UdpDatagram } from "./udp.ts";

/** A message of the Domain Name System (RFC 1035, 4), with EDNS (RFC 6891). */
export interface DnsMessage {
  readonly kind: "dns";
  readonly id: number;
  readonly response: boolean;
  /** 0: a standard query. */
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  /** The four bits of the header; EDNS has eight more in its record. */
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  /** Without the OPT record, which is `edns`. */
  readonly additionals: readonly DnsRecord[];
  readonly edns?: Edns;
}

export interface DnsQuestion {
  readonly name: DnsName;
  readonly type: number;
  /** 1: the Internet. */
  readonly class: number;
}

/** The OPT record (RFC 6891, 6.1). */
export interface Edns {
  /** The longest datagram that its sender can take. */
  readonly udpPayloadSize: number;
  readonly extendedRcode: number;
  readonly version: number;
  readonly dnssecOk: boolean;
  readonly options: Uint8Array;
}

export type DnsRecord = { readonly name: DnsName; readonly ttlSeconds: number; readonly class?: number } & DnsData;

/** What a record says; of types that are not listed here, the octets. */
export type DnsData =
  | { readonly type: typeof dnsType.A; readonly address: Ipv4Address }
  | { readonly type: typeof dnsType.AAAA; readonly octets: Uint8Array }
  | { readonly type: typeof dnsType.CNAME | typeof dnsType.PTR | typeof dnsType.NS; readonly target: DnsName }
  | {
      readonly type: typeof dnsType.SRV;
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: DnsName;
    }
  | {
      readonly type: typeof dnsType.SOA;
      /** The primary name server, and the mailbox of who answers for the zone. */
      readonly primary: DnsName;
      readonly mailbox: DnsName;
      readonly serial: number;
      readonly refreshSeconds: number;
      readonly retrySeconds: number;
      readonly expireSeconds: number;
      readonly minimumSeconds: number;
    }
  | { readonly type: -1; readonly otherType: number; readonly octets: Uint8Array };

export const dnsType = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, AAAA: 28, SRV: 33 } as const;
export const internetClass = 1;
export const dnsRcode = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5 } as const;
export const dnsPort = 53;
export const dnsHeaderLength = 12;
/** The longest datagram without EDNS (RFC 1035, 4.2.1). */
export const plainUdpSize = 512;

const optType = 41;

/** The number of a record's type. */
export function typeOf(record: DnsRecord): number {
  return record.type === -1 ? record.otherType : record.type;
}

/** A query as resolvers send it. */
export function dnsQuery(id: number, name: DnsName, type: number): DnsMessage {
  return {
    kind: "dns",
    id,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    rcode: dnsRcode.noError,
    questions: [{ name, type, class: internetClass }],
    answers: [],
    authorities: [],
    additionals: [],
  };
}

/** Any bytes give a message or what is wrong with them. Octets behind the last record are malformed, too. */
export function parseDns(bytes: Uint8Array): DnsMessage | Malformed {
  const reading = readDns(bytes);
  if (isMalformed(reading)) return reading;
  const { message, problem, end } = reading;
  if (problem !== undefined) return problem;
  const behind = bytes.length - end;
  return behind > 0 ? malformed("dns", `${behind} octets behind the last record`, bytes) : message;
}

/** As much of a message as could be read. */
export interface DnsReading {
  /** With the records before the problem. */
  readonly message: DnsMessage;
  /** What the header says: questions, answers, authorities, additionals. */
  readonly counts: readonly number[];
  /** Where the reading came to its end: octets behind it were not looked at. */
  readonly end: number;
  readonly problem?: DnsMalformed;
}

/** Reads as far as it goes, as those do who show what they got; malformed only without a whole header. */
export function readDns(bytes: Uint8Array): DnsReading | Malformed {
  const header = parseDnsHeader(bytes);
  if (isMalformed(header)) return header;
  const counts = [4, 6, 8, 10].map((at) => readUint16(bytes, at));
  const reader = new MessageReader(bytes);
  const [questions, answers, authorities, additionals] = [
    reader.list(counts[0], () => reader.question()),
    reader.list(counts[1], () => reader.record()),
    reader.list(counts[2], () => reader.record()),
    reader.list(counts[3], () => reader.record()),
  ];
  const plain = { answers: answers.filter(isRecord), authorities: authorities.filter(isRecord) };
  const edns = additionals.find((one): one is OptRecord => "edns" in one)?.edns;
  const message = { ...header, questions, ...plain, additionals: additionals.filter(isRecord), ...(edns && { edns }) };
  return { message, counts, end: reader.offset, ...(reader.problem && { problem: reader.problem }) };
}

/** The header alone, as a server reads it first; the counts are not looked at. */
export function parseDnsHeader(bytes: Uint8Array): DnsMessage | Malformed {
  if (bytes.length < dnsHeaderLength) return malformed("dns", `${bytes.length} bytes, needs ${dnsHeaderLength}`, bytes);
  const flags = readUint16(bytes, 2);
  const bit = (mask: number) => (flags & mask) !== 0;
  return {
    ...dnsQuery(readUint16(bytes, 0), "", 0),
    response: bit(0x8000),
    opcode: (flags >> 11) & 0xf,
    authoritative: bit(0x0400),
    truncated: bit(0x0200),
    recursionDesired: bit(0x0100),
    recursionAvailable: bit(0x0080),
    authenticData: bit(0x0020),
    checkingDisabled: bit(0x0010),
    rcode: flags & 0xf,
    questions: [],
  };
}

interface OptRecord {
  readonly edns: Edns;
}

function isRecord(one: DnsRecord | OptRecord): one is DnsRecord {
  return !("edns" in one);
}

/** Reads on from the header; the first problem ends it. */
class MessageReader {
  offset = dnsHeaderLength;
  problem: DnsMalformed | undefined;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Counts are not believed: what is not there ends the list. */
  list<Item>(count: number, read: () => Item | undefined): Item[] {
    const items: Item[] = [];
    for (let i = 0; i < count && this.problem === undefined; i++) {
      const item = read();
      if (item !== undefined) items.push(item);
    }
    return items;
  }

  question(): DnsQuestion | undefined {
    const name = this.name();
    if (name === undefined || !this.has(4)) return undefined;
    const [type, dnsClass] = [readUint16(this.bytes, this.offset), readUint16(this.bytes, this.offset + 2)];
    this.offset += 4;
    return { name, type, class: dnsClass };
  }

  record(): DnsRecord | OptRecord | undefined {
    const name = this.name();
    if (name === undefined || !this.has(10)) return undefined;
    const { bytes, offset } = this;
    const [type, dnsClass] = [readUint16(bytes, offset), readUint16(bytes, offset + 2)];
    const [ttlSeconds, length] = [readUint32(bytes, offset + 4), readUint16(bytes, offset + 8)];
    this.offset += 10;
    if (!this.has(length)) return undefined;
    const dataAt = this.offset;
    const end = dataAt + length;
    if (type === optType) return this.opt(dnsClass, ttlSeconds, end);
    const data = this.data(type, end);
    if (data === undefined) {
      const isLong = this.offset < end && this.offset > dataAt;
      this.problem ??= malformedDns(
        isLong ? "extra octets" : "cut short",
        `the data of a record of type ${type} are not ${length} octets long`,
        bytes,
      );
      this.offset = dataAt;
      return undefined;
    }
    this.offset = end;
    return { name, ttlSeconds, ...(dnsClass === internetClass ? {} : { class: dnsClass }), ...data };
  }

  private opt(udpPayloadSize: number, ttl: number, end: number): OptRecord {
    const options = this.bytes.subarray(this.offset, end);
    this.offset = end;
    const [extendedRcode, version] = [ttl >>> 24, (ttl >>> 16) & 0xff];
    return { edns: { udpPayloadSize, extendedRcode, version, dnssecOk: (ttl & 0x8000) !== 0, options } };
  }

  /** Undefined where it does not end where the record does. */
  private data(type: number, end: number): DnsData | undefined {
    const { bytes, offset } = this;
    const octets = bytes.subarray(offset, end);
    switch (type) {
      case dnsType.A:
        this.offset = Math.min(end, offset + 4);
        return octets.length === 4 ? { type, address: readUint32(bytes, offset) } : undefined;
      case dnsType.AAAA:
        this.offset = Math.min(end, offset + 16);
        return octets.length === 16 ? { type, octets } : undefined;
      case dnsType.CNAME:
      case dnsType.PTR:
      case dnsType.NS: {
        const target = this.name();
        return target === undefined || this.offset !== end ? undefined : { type, target };
      }
      case dnsType.SRV: {
        if (octets.length < 7) return undefined;
        const [priority, weight, port] = [0, 2, 4].map((at) => readUint16(bytes, offset + at));
        this.offset += 6;
        const target = this.name();
        return target === undefined || this.offset !== end ? undefined : { type, priority, weight, port, target };
      }
      case dnsType.SOA:
        return this.soa(end);
      default:
        return { type: -1, otherType: type, octets };
    }
  }

  private soa(end: number): DnsData | undefined {
    const [primary, mailbox] = [this.name(), this.name()];
    if (primary === undefined || mailbox === undefined) return undefined;
    this.offset += 20;
    if (this.offset !== end) return undefined;
    const [serial, refreshSeconds, retrySeconds, expireSeconds, minimumSeconds] = [0, 4, 8, 12, 16].map((at) =>
      readUint32(this.bytes, end - 20 + at),
    );
    const times = { serial, refreshSeconds, retrySeconds, expireSeconds, minimumSeconds };
    return { type: dnsType.SOA, primary, mailbox, ...times };
  }

  private name(): DnsName | undefined {
    if (this.problem !== undefined) return undefined;
    const read = readName(this.bytes, this.offset);
    if (isMalformed(read)) {
      this.problem = read;
      return undefined;
    }
    this.offset = read.end;
    return read.name;
  }

  private has(count: number): boolean {
    if (this.problem !== undefined) return false;
    if (this.offset + count <= this.bytes.length) return true;
    this.problem = malformedDns("cut short", "a record goes on behind the end", this.bytes);
    return false;
  }
}

/** `compress`: repeated names as pointers. Names must be such that `labelsOf` knows them. */
export function emitDns(message: DnsMessage, compress = false): Uint8Array {
  const bytes: number[] = [];
  const names = new NameWriter(bytes, compress);
  const { questions, answers, authorities, additionals, edns } = message;
  push16(bytes, message.id);
  push16(bytes, flagsOf(message));
  for (const { length } of [questions, answers, authorities]) push16(bytes, length);
  push16(bytes, additionals.length + (edns ? 1 : 0));
  for (const question of questions) {
    names.write(question.name);
    push16(bytes, question.type);
    push16(bytes, question.class);
  }
  for (const record of [...answers, ...authorities, ...additionals]) pushRecord(bytes, names, record);
  if (edns) pushOpt(bytes, edns);
  return Uint8Array.from(bytes);
}

function flagsOf(message: DnsMessage): number {
  const bits: readonly (readonly [boolean, number])[] = [
    [message.response, 0x8000],
    [message.authoritative, 0x0400],
    [message.truncated, 0x0200],
    [message.recursionDesired, 0x0100],
    [message.recursionAvailable, 0x0080],
    [message.authenticData, 0x0020],
    [message.checkingDisabled, 0x0010],
  ];
  return bits.reduce((flags, [isSet, bit]) => flags | (isSet ? bit : 0), (message.opcode << 11) | message.rcode);
}

function pushRecord(bytes: number[], names: NameWriter, record: DnsRecord): void {
  names.write(record.name);
  push16(bytes, typeOf(record));
  push16(bytes, record.class ?? internetClass);
  push32(bytes, record.ttlSeconds);
  const lengthAt = bytes.length;
  push16(bytes, 0);
  pushData(bytes, names, record);
  const length = bytes.length - lengthAt - 2;
  bytes[lengthAt] = length >> 8;
  bytes[lengthAt + 1] = length & 0xff;
}

function pushData(bytes: number[], names: NameWriter, data: DnsData): void {
  switch (data.type) {
    case dnsType.A:
      return push32(bytes, data.address);
    case dnsType.CNAME:
    case dnsType.PTR:
    case dnsType.NS:
      return names.write(data.target);
    case dnsType.SRV:
      for (const number of [data.priority, data.weight, data.port]) push16(bytes, number);
      return names.write(data.target, false);
    case dnsType.SOA: {
      names.write(data.primary);
      names.write(data.mailbox);
      const { serial, refreshSeconds, retrySeconds, expireSeconds, minimumSeconds } = data;
      for (const number of [serial, refreshSeconds, retrySeconds, expireSeconds, minimumSeconds]) push32(bytes, number);
      return;
    }
    default:
      bytes.push(...data.octets);
  }
}

function pushOpt(bytes: number[], { udpPayloadSize, extendedRcode, version, dnssecOk, options }: Edns): void {
  bytes.push(0);
  push16(bytes, optType);
  push16(bytes, udpPayloadSize);
  bytes.push(extendedRcode, version, dnssecOk ? 0x80 : 0, 0);
  push16(bytes, options.length);
  bytes.push(...options);
}

function push16(bytes: number[], value: number): void {
  bytes.push((value >> 8) & 0xff, value & 0xff);
}

function push32(bytes: number[], value: number): void {
  push16(bytes, value >>> 16);
  push16(bytes, value & 0xffff);
}

/** Over TCP two octets of length go before each message (RFC 1035, 4.2.2). */
export function withLength(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(message.length + 2);
  bytes.set([message.length >> 8, message.length & 0xff]);
  bytes.set(message, 2);
  return bytes;
}

/** The first whole message of a TCP stream; undefined while it is not all there. */
export function firstOfStream(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < 2) return undefined;
  const length = readUint16(bytes, 0);
  return bytes.length < 2 + length ? undefined : bytes.subarray(2, 2 + length);
}

/** The message that a datagram from or to the port of DNS carries; undefined where it carries none. */
export function dnsOfDatagram({ sourcePort, destinationPort, data }: UdpDatagram): DnsMessage | undefined {
  if (sourcePort !== dnsPort && destinationPort !== dnsPort) return undefined;
  const message = parseDns(data);
  return isMalformed(message) ? undefined : message;
}
