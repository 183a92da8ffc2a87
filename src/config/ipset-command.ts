import { parseIpv4, parsePrefix } from "../wire/address-text.ts";
import { formatIpv4, formatPrefix, type Ipv4Prefix, networkAddress } from "../wire/ipv4-address.ts";
import type { CommandError } from "./ip-command.ts";

/** One column of an entry: what `hash:ip,port,net` is made of. */
export type SetPart =
  | { readonly kind: "net"; readonly prefix: Ipv4Prefix }
  | { readonly kind: "port"; readonly protocol: number; readonly port: number };

export interface SetEntry {
  readonly parts: readonly SetPart[];
  /** `nomatch`: an exception from a larger network of the set. */
  readonly isException: boolean;
  /** From then on it is as if it were not there; absent: it stays. */
  readonly expiresNs?: number;
}

/** The kinds of sets that there are here, all of them of IPv4 (ipset(8)). */
export const setTypes = [
  "hash:ip",
  "hash:net",
  "hash:ip,port",
  "hash:net,port",
  "hash:ip,port,ip",
  "hash:ip,port,net",
  "hash:net,port,net",
  "hash:net,net",
] as const;
export type SetType = (typeof setTypes)[number];

/** One `ipset` command, without the namespace that it runs in. */
export type SetChange =
  | { readonly action: "create"; readonly set: string; readonly type: SetType; readonly timeoutSeconds?: number }
  /** `isForced`: `-exist`, which takes what is there already for no error. */
  | {
      readonly action: "add" | "del";
      readonly set: string;
      readonly entries: readonly WrittenEntry[];
      readonly isForced?: true;
    }
  | { readonly action: "flush" | "destroy"; readonly set?: string };

/** An entry as it was written: how many parts it needs only its set knows. */
export interface WrittenEntry extends Omit<SetEntry, "expiresNs"> {
  /** `timeout`: how long it stays, 0 for ever; absent: as its set says. */
  readonly timeoutSeconds?: number;
  readonly text: string;
}

export type ParsedSetCommand = { readonly command: SetChange } | { readonly error: CommandError };

const actions = ["create", "add", "del", "flush", "destroy"];
const aliases: Readonly<Record<string, string>> = {
  ...{ "-N": "create", n: "create", "-A": "add", "-D": "del", "-F": "flush", "-X": "destroy", x: "destroy" },
};
/** IPSET_MAXNAMELEN without its end. */
const longestName = 31;
/** A range of addresses becomes one entry for each; sets hold 65536 unless told otherwise. */
const mostEntries = 65_536;

/** Reads the words after `ipset`, such as `add web 10.244.0.9,tcp:8080`. */
export function parseSetCommand(words: readonly string[]): ParsedSetCommand {
  const [first = "", set] = words;
  const action = Object.hasOwn(aliases, first) ? aliases[first] : first;
  if (!actions.includes(action)) return failure(0, `ipset has no command "${first}" here.`, actions);
  if (action === "flush" || action === "destroy") {
    if (words.length > 2) return failure(2, `"${words[2]}" does not belong here.`);
    return { command: set === undefined ? { action } : { action, set } };
  }
  if (set === undefined) return failure(1, "The name of the set is missing.");
  if (set.length > longestName) return failure(1, `The name of a set has ${longestName} characters at most.`);
  return action === "create" ? readCreate(set, words) : readEntry(action as "add" | "del", set, words);
}

/** UINT_MAX milliseconds (linux/netfilter/ipset/ip_set_timeout.h). */
const longestTimeout = 2_147_483;

/** Options of `create` that say how large the table is: they decide nothing about packets. */
const sizes = ["hashsize", "maxelem", "bucketsize", "initval"];

function readCreate(set: string, words: readonly string[]): ParsedSetCommand {
  const type = setTypes.find((one) => one === words[2]);
  if (type === undefined) {
    return words[2] === undefined
      ? failure(2, `The type of the set is missing: create ${set} hash:ip.`)
      : failure(2, `Sets of type "${words[2]}" are not supported; there are ${setTypes.join(" ")}.`, setTypes);
  }
  let timeoutSeconds: number | undefined;
  for (let at = 3; at < words.length; at += 2) {
    const [name, value] = [words[at], words[at + 1]];
    if (name === "timeout") {
      timeoutSeconds = readTimeout(value);
      if (timeoutSeconds === undefined) return badTimeout(at + 1, value);
      continue;
    }
    if (name === "family" && (value === "inet" || value === "ipv4")) continue;
    if (name === "family") return failure(at + 1, "Only family inet is supported: k8snet speaks IPv4.", ["inet"]);
    if (!sizes.includes(name))
      return failure(at, `"${name}" is not supported of sets.`, ["family", "timeout", ...sizes]);
    if (value === undefined) return failure(at + 1, `The value of ${name} is missing.`);
    if (!/^(\d+|0x[0-9a-fA-F]+)$/.test(value)) return failure(at + 1, `"${value}" is not a number.`);
  }
  return { command: { action: "create", set, type, ...(timeoutSeconds !== undefined && { timeoutSeconds }) } };
}

function readTimeout(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,7}$/.test(text) && Number(text) <= longestTimeout ? Number(text) : undefined;
}

function badTimeout(word: number, text: string | undefined): { readonly error: CommandError } {
  if (text === undefined) return failure(word, "The value of timeout is missing.");
  return failure(word, `"${text}" is not a number of seconds up to ${longestTimeout}.`);
}

interface EntryOptions {
  isException: boolean;
  isForced: boolean;
  timeoutSeconds?: number;
}

/** What stands behind an entry: `nomatch`, `timeout 30`, `-exist`. */
function readEntryOptions(words: readonly string[], first: number): EntryOptions | { readonly error: CommandError } {
  const options: EntryOptions = { isException: false, isForced: false };
  for (let at = first; at < words.length; at++) {
    if (words[at] === "nomatch") options.isException = true;
    else if (words[at] === "-exist" || words[at] === "-!") options.isForced = true;
    else if (words[at] === "timeout") {
      options.timeoutSeconds = readTimeout(words[++at]);
      if (options.timeoutSeconds === undefined) return badTimeout(at, words[at]);
    } else return failure(at, `"${words[at]}" is not supported of entries.`, ["nomatch", "timeout", "-exist"]);
  }
  return options;
}

function readEntry(action: "add" | "del", set: string, words: readonly string[]): ParsedSetCommand {
  const text = words[2];
  if (text === undefined) return failure(2, `The entry is missing: ${action} ${set} 10.244.0.9.`);
  const options = readEntryOptions(words, 3);
  if ("error" in options) return options;
  const { isException, isForced, timeoutSeconds } = options;
  let choices: readonly (readonly SetPart[])[] = [[]];
  for (const [index, part] of text.split(",").entries()) {
    const values = readPart(part, index);
    if (values === undefined) return failure(2, `"${part}" is neither an address, a block, nor a port.`);
    if (values.length * choices.length > mostEntries)
      return failure(2, `"${text}" stands for more than ${mostEntries} entries.`);
    choices = choices.flatMap((before) => values.map((value) => [...before, value]));
  }
  const own = timeoutSeconds === undefined ? {} : { timeoutSeconds };
  const entries = choices.map((parts) => ({ parts, isException, text: formatEntry(parts), ...own }));
  return { command: { action, set, entries, ...(isForced && { isForced }) } };
}

const protocols: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, sctp: 132 };

/** `10.0.0.1`, `10.0.0.0/24`, `10.0.0.1-10.0.0.4`; from the second part on also `80`, `udp:53`, `tcp:8000-8003`. */
function readPart(text: string, index: number): readonly SetPart[] | undefined {
  const port = index === 0 ? null : /^(?:([a-z]+):)?(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (port !== null) {
    const [, name = "tcp", first, last = first] = port;
    const protocol = Object.hasOwn(protocols, name) ? protocols[name] : undefined;
    if (protocol === undefined || Number(first) > Number(last) || Number(last) > 65_535) return undefined;
    return span(Number(first), Number(last)).map((number) => ({ kind: "port", protocol, port: number }));
  }
  const [from, to] = text.split("-").map(parseIpv4);
  if (to !== undefined && from !== undefined && from <= to && to - from < mostEntries) {
    return span(from, to).map((address) => net({ address, length: 32 }));
  }
  const prefix =
    parsePrefix(text) ?? (from === undefined || text.includes("-") ? undefined : { address: from, length: 32 });
  return prefix && [net({ address: networkAddress(prefix), length: prefix.length })];
}

function net(prefix: Ipv4Prefix): SetPart {
  return { kind: "net", prefix };
}

function span(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** `10.244.0.9,tcp:8080`, as `ipset save` prints it, `nomatch` left out. */
export function formatEntry(parts: readonly SetPart[]): string {
  const name = (protocol: number) => Object.keys(protocols).find((key) => protocols[key] === protocol) ?? `${protocol}`;
  return parts
    .map((part) => {
      if (part.kind === "port") return `${name(part.protocol)}:${part.port}`;
      return part.prefix.length === 32 ? formatIpv4(part.prefix.address) : formatPrefix(part.prefix);
    })
    .join(",");
}

/** What the words of a command are, once they are read. One command for each entry. */
export function setWords(change: SetChange): readonly (readonly string[])[] {
  switch (change.action) {
    case "create":
      return [["create", change.set, change.type, ...timeoutWords(change)]];
    case "add":
    case "del":
      return change.entries.map((entry) => [
        ...[change.action, change.set, entry.text],
        ...(change.action === "add" ? [...(entry.isException ? ["nomatch"] : []), ...timeoutWords(entry)] : []),
        ...(change.isForced ? ["-exist"] : []),
      ]);
    default:
      return [[change.action, ...(change.set === undefined ? [] : [change.set])]];
  }
}

function timeoutWords({ timeoutSeconds }: { readonly timeoutSeconds?: number }): readonly string[] {
  return timeoutSeconds === undefined ? [] : ["timeout", String(timeoutSeconds)];
}

/** A line of `ipset save`, and what is wrong with one; lines and words count from 1 and from 0. */
export type ParsedSetLine =
  | { readonly line: number; readonly command: SetChange }
  | { readonly line: number; readonly column: number; readonly length: number; readonly message: string };

/** Reads what `ipset save` prints: a command in each line; `#` begins a comment. */
export function parseSetText(text: string): readonly ParsedSetLine[] {
  return text.split("\n").flatMap((content, index): ParsedSetLine[] => {
    const found = [...content.matchAll(/\S+/g)];
    if (found.length === 0 || found[0][0].startsWith("#")) return [];
    const parsed = parseSetCommand(found.map(([word]) => word));
    const line = index + 1;
    if ("command" in parsed) return [{ line, command: parsed.command }];
    const word = found[Math.min(parsed.error.word, found.length - 1)];
    return [{ line, column: word.index + 1, length: word[0].length, message: parsed.error.message }];
  });
}

function failure(word: number, message: string, expected?: readonly string[]): { readonly error: CommandError } {
  return { error: { word, message, ...(expected && { expected }) } };
}
