import type { PortRange } from "./rule-set.ts";

/** A word as iptables writes it: in double quotes unless it is made of letters, digits, `_` and `-`. */
export function quoted(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `"${text.replace(/["\\']/g, "\\$&")}"`;
}

export function portsText({ first, last }: PortRange, separator = ":"): string {
  return first === last ? String(first) : `${first}${separator}${last}`;
}

/** 0x4000. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
