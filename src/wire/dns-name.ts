import { type Malformed, malformed } from "./malformed.ts";
import { readUint16 } from "./octets.ts";

/**
 * A domain name as administrators write it, without the dot at its end; the root is the empty text. A dot or backslash inside a
 * label stands behind a backslash, octets that are not printable as `\DDD` (RFC 1035, 5.1).
 */
export type DnsName = string;

/** RFC 1035, 2.3.4: octets of a label, and of a whole name with its length octets; the latter leave 253 characters. */
const longestLabel = 63;
const longestName = 255;

const pointerBits = 0xc0;

/** The labels of a name, each as octets; undefined where it is no name: an empty label, one of more than 63 octets, 255 in all. */
export function labelsOf(name: DnsName): readonly Uint8Array[] | undefined {
  if (name === "") return [];
  const labels: Uint8Array[] = [];
  let octets: number[] = [];
  let total = 1;
  for (let i = 0; i <= name.length; i++) {
    const char = name[i];
    if (char === undefined || char === ".") {
      total += 1 + octets.length;
      if (octets.length === 0 || octets.length > longestLabel || total > longestName) return undefined;
      labels.push(Uint8Array.from(octets));
      octets = [];
    } else if (char !== "\\") octets.push(...new TextEncoder().encode(char));
    else {
      const decimal = /^\d{3}/.exec(name.slice(i + 1))?.[0];
      const code = decimal === undefined ? name.charCodeAt(i + 1) : Number(decimal);
      if (!(code <= 0xff)) return undefined;
      octets.push(code);
      i += decimal === undefined ? 1 : decimal.length;
    }
  }
  return labels;
}

/** Why a text is no domain name, in words that go on after "it"; undefined where it is one. */
export function problemOfName(name: string): string | undefined {
  if (labelsOf(name) !== undefined) return undefined;
  if (name.length > longestName - 2) return `has ${name.length} characters, and a domain name at most 253`;
  const long = name.split(".").find((label) => label.length > longestLabel);
  if (long !== undefined) return `has a label of ${long.length} characters, and a label has at most ${longestLabel}`;
  return "has an empty label";
}

/** Names are equal whatever the case of their letters (RFC 4343). */
export function sameName(one: DnsName, other: DnsName): boolean {
  return one === other || one.toLowerCase() === other.toLowerCase();
}

/** Whether a name is a zone's own or below it. */
export function isInZone(name: DnsName, zone: DnsName): boolean {
  const [low, apex] = [name.toLowerCase(), zone.toLowerCase()];
  return apex === "" || low === apex || low.endsWith(`.${apex}`);
}

/** The name in which an address is looked up: `1.0.96.10.in-addr.arpa`. */
export function reverseName(address: number): DnsName {
  return `${[0, 8, 16, 24].map((shift) => (address >>> shift) & 0xff).join(".")}.in-addr.arpa`;
}

/** How octets fail to be what they were taken for: they end too early, or say what cannot be. */
export type DnsFault = "cut short" | "bad pointer" | "bad label" | "name too long" | "extra octets";

export interface DnsMalformed extends Malformed {
  readonly fault: DnsFault;
}

export function malformedDns(fault: DnsFault, reason: string, bytes: Uint8Array): DnsMalformed {
  return { ...malformed("dns", reason, bytes), fault };
}

/** Reads a name; `end` is where what follows it begins. A pointer must lead backwards, so that none leads in a ring. */
export function readName(bytes: Uint8Array, offset: number): { name: DnsName; end: number } | DnsMalformed {
  const labels: string[] = [];
  let [at, end, total, floor] = [offset, -1, 1, offset];
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return malformedDns("cut short", "a name goes on behind the end", bytes);
    if ((length & pointerBits) === pointerBits) {
      if (at + 1 >= bytes.length) return malformedDns("cut short", "half a compression pointer", bytes);
      const target = readUint16(bytes, at) & 0x3fff;
      if (target >= floor)
        return malformedDns("bad pointer", `a compression pointer to ${target}, which is not before it`, bytes);
      if (end < 0) end = at + 2;
      at = target;
      floor = target;
    } else if ((length & pointerBits) !== 0)
      return malformedDns("bad label", `a label of the unknown type ${length >> 6}`, bytes);
    else if (length === 0) return { name: labels.join("."), end: end < 0 ? at + 1 : end };
    else {
      total += 1 + length;
      if (total > longestName) return malformedDns("name too long", `a name of more than ${longestName} octets`, bytes);
      if (at + 1 + length > bytes.length) return malformedDns("cut short", "a label goes on behind the end", bytes);
      labels.push(printLabel(bytes.subarray(at + 1, at + 1 + length)));
      at += 1 + length;
    }
  }
}

function printLabel(octets: Uint8Array): string {
  return Array.from(octets, (code) => {
    if (code === 0x2e || code === 0x5c) return `\\${String.fromCharCode(code)}`;
    return code > 0x20 && code < 0x7f ? String.fromCharCode(code) : `\\${String(code).padStart(3, "0")}`;
  }).join("");
}

/** Writes names into a message; with `compress`, ends of names that stand there already become pointers (RFC 1035, 4.1.4). */
export class NameWriter {
  private readonly bytes: number[];
  private readonly compress: boolean;
  private readonly places = new Map<string, number>();

  constructor(bytes: number[], compress: boolean) {
    this.bytes = bytes;
    this.compress = compress;
  }

  /** `mayPoint`: what is inside of newer records must not (RFC 3597, 4). */
  write(name: DnsName, mayPoint = true): void {
    const labels = labelsOf(name) ?? [];
    for (let i = 0; i < labels.length; i++) {
      const rest = labels
        .slice(i)
        .map((label) => printLabel(label).toLowerCase())
        .join(".");
      const place = this.places.get(rest);
      if (this.compress && mayPoint && place !== undefined) {
        this.bytes.push(((pointerBits << 8) | place) >> 8, place & 0xff);
        return;
      }
      if (place === undefined && this.bytes.length < 0x4000) this.places.set(rest, this.bytes.length);
      this.bytes.push(labels[i].length, ...labels[i]);
    }
    this.bytes.push(0);
  }
}
