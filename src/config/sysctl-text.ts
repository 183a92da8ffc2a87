import { unknownSysctl } from "./sysctl-names.ts";

/** A sysctl as `sysctl -w` reads it. */
export interface SysctlAssignment {
  readonly key: string;
  readonly value: number;
}

/** Reads `KEY=VALUE` or `KEY VALUE`, slashes for dots allowed; a sentence where it cannot. */
export function parseSysctl(
  words: readonly string[],
): SysctlAssignment | { readonly message: string; readonly word: number } {
  const [first = "", second] = words;
  const equals = first.indexOf("=");
  const key = (equals < 0 ? first : first.slice(0, equals)).replaceAll("/", ".");
  const value = equals < 0 ? (second === "=" ? words[2] : second) : first.slice(equals + 1);
  const used = equals < 0 ? (second === "=" ? 3 : 2) : 1;
  if (!/^[a-z0-9_-]+(\.[a-zA-Z0-9_*-]+)+$/.test(key)) {
    return { message: `"${first}" is not the name of a sysctl, such as net.ipv4.ip_forward.`, word: 0 };
  }
  const unknown = unknownSysctl(key);
  if (unknown !== undefined) return { message: unknown, word: 0 };
  if (value === undefined) return { message: `The value for ${key} is missing.`, word: words.length };
  if (!/^-?\d+$/.test(value)) return { message: `"${value}" is not a whole number.`, word: used - 1 };
  if (words.length > used) return { message: `"${words[used]}" is one word too many.`, word: used };
  return { key, value: Number(value) };
}
