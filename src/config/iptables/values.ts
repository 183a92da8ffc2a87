import { parseIpv4 } from "../../wire/address-text.ts";
import { type Ipv4Address, type Ipv4Prefix, netmask } from "../../wire/ipv4-address.ts";
import { portNumber } from "./names.ts";
import type { PortRange } from "./rule-set.ts";

/** Reads `10.0.0.1`, `10.0.0.0/8`, `10/8` or `10.0.0.0/255.0.0.0`; host bits are cut off. */
export function readHost(text: string): Ipv4Prefix | undefined {
  const [head, mask, extra] = text.split("/");
  if (extra !== undefined || !/^\d+(\.\d+){0,3}$/.test(head)) return undefined;
  const missing = 4 - head.split(".").length;
  if (missing > 0 && mask === undefined) return undefined;
  const address = parseIpv4(head + ".0".repeat(missing));
  const length = mask === undefined ? 32 : maskLength(mask);
  if (address === undefined || length === undefined) return undefined;
  return { address: (address & netmask(length)) >>> 0, length };
}

function maskLength(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= 32 ? Number(text) : undefined;
  const mask = parseIpv4(text);
  if (mask === undefined) return undefined;
  const length = Math.clz32(~mask);
  return netmask(length) === mask ? length : undefined;
}

/** Reads `80`, `http`, `1000:2000`, `:1023`, `1024:`; other separators where told. */
export function readPorts(text: string, separator = ":"): PortRange | undefined {
  const [from, to, extra] = text.split(separator);
  if (extra !== undefined) return undefined;
  const first = from === "" && to !== undefined ? 0 : portNumber(from);
  const last = to === undefined ? first : to === "" ? 65535 : portNumber(to);
  return first === undefined || last === undefined || first > last ? undefined : { first, last };
}

/** Reads as strtoul does: decimal, 0x…, or octal after a 0; 32 bits. */
export function readUnsigned(text: string, maximum = 0xffffffff): number | undefined {
  const value = /^0x[\da-f]+$/i.test(text)
    ? Number.parseInt(text.slice(2), 16)
    : /^0[0-7]*$/.test(text)
      ? Number.parseInt(text, 8)
      : /^[1-9]\d*$/.test(text)
        ? Number(text)
        : Number.NaN;
  return value <= maximum ? value : undefined;
}

/** Reads `VALUE` or `VALUE/MASK`. */
export function readMark(text: string): { readonly value: number; readonly mask: number } | undefined {
  const [value, mask, extra] = text.split("/");
  const one = readUnsigned(value);
  const two = mask === undefined ? 0xffffffff : readUnsigned(mask);
  return one === undefined || two === undefined || extra !== undefined ? undefined : { value: one, mask: two };
}

/** Reads `A,B,C` out of these, in their order; names may be written in small letters. */
export function readList<Name extends string>(names: readonly Name[]): (text: string) => readonly Name[] | undefined {
  return (text) => {
    const words = text.toUpperCase().split(",");
    if (words.some((word) => !(names as readonly string[]).includes(word))) return undefined;
    return names.filter((name) => words.includes(name));
  };
}

/** Reads `10.0.0.1` or `10.0.0.1-10.0.0.9`. */
export function readAddresses(text: string): { readonly first: Ipv4Address; readonly last: Ipv4Address } | undefined {
  const [from, to, extra] = text.split("-");
  const first = parseIpv4(from);
  const last = to === undefined ? first : parseIpv4(to);
  return first === undefined || last === undefined || extra !== undefined ? undefined : { first, last };
}

/** Reads an interface's name, 15 characters at most; a `+` at its end stands for anything. */
export function readInterface(text: string): string | undefined {
  return /^[^\s/!]{1,15}$/.test(text) ? text : undefined;
}
