import { parseIpv4 } from "../wire/address-text.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import { type MacAddress, parseMac } from "../wire/mac-address.ts";
import type { CommandError } from "./ip-command.ts";

/** The flags of a bridge port, by their names in iproute2. */
const portFlags = {
  hairpin: "hairpin",
  learning: "learning",
  flood: "flood",
  mcast_flood: "mcastFlood",
  bcast_flood: "bcastFlood",
  isolated: "isolated",
} as const;

type PortFlag = (typeof portFlags)[keyof typeof portFlags];
type PortSettings = { [Flag in PortFlag]?: boolean };

/** One `bridge` command as iproute2 reads it, without the namespace that it runs in. */
export type BridgeCommand =
  | ({ readonly do: "link set"; readonly dev: string } & Readonly<PortSettings>)
  | {
      readonly do: "fdb add" | "fdb append" | "fdb replace" | "fdb del";
      readonly dev: string;
      readonly mac: MacAddress;
      readonly kind?: FdbKind;
      /** The table of the device itself, of a vxlan device, rather than of its bridge. */
      readonly self?: true;
      readonly remote?: Ipv4Address;
    };

type FdbKind = "static" | "dynamic" | "permanent";

export type ParsedBridgeCommand = { readonly command: BridgeCommand } | { readonly error: CommandError };

/** Reads the words after `bridge` (and after `-n NAMESPACE`), such as `link set dev veth1 learning off`. */
export function parseBridgeCommand(words: readonly string[]): ParsedBridgeCommand {
  const [object, action, ...rest] = words;
  if (object === "link" && action === "set") return readLink(rest);
  if (object === "fdb") return readFdb(action, rest);
  const expected = ["link", "fdb"];
  return failure(
    object === "link" ? 1 : 0,
    'Write "bridge link set dev …" or "bridge fdb add|append|replace|del …".',
    expected,
  );
}

function readLink(words: readonly string[]): ParsedBridgeCommand {
  const start = words[0] === "dev" ? 1 : 0;
  const dev = words[start];
  if (dev === undefined) return failure(2 + start, "The bridge port is missing.");
  const settings: PortSettings = {};
  for (let at = start + 1; at < words.length; at += 2) {
    const [word, value] = [words[at], words[at + 1]];
    const flag = Object.hasOwn(portFlags, word) ? portFlags[word as keyof typeof portFlags] : undefined;
    if (flag === undefined)
      return failure(2 + at, `"${word}" is not a setting of a bridge port.`, Object.keys(portFlags));
    if (value !== "on" && value !== "off") return failure(3 + at, `${word} is on or off.`, ["on", "off"]);
    settings[flag] = value === "on";
  }
  if (Object.keys(settings).length === 0)
    return failure(3 + start, `What to set is missing: ${Object.keys(portFlags).join(", ")}.`);
  return { command: { do: "link set", dev, ...settings } };
}

function readFdb(action: string | undefined, words: readonly string[]): ParsedBridgeCommand {
  const actions = ["add", "append", "replace", "del"] as const;
  const known = actions.find((one) => one === action || (one === "del" && action === "delete"));
  if (known === undefined) return failure(1, "The forwarding database knows add, append, replace and del.", actions);
  const mac = parseMac(words[0] ?? "");
  if (mac === undefined) return failure(2, `"${words[0] ?? ""}" is not a MAC address, such as 02:00:00:00:00:01.`);
  if (words[1] !== "dev" || words[2] === undefined) return failure(3, '"dev" and a device are missing.', ["dev"]);
  const entry = readFdbEntry(words);
  if ("error" in entry) return entry;
  const { kind, isMaster, isSelf, remote } = entry;
  const end = 2 + words.length;
  if (isMaster && isSelf) return failure(end, 'Write one command for "self" and one for "master".');
  if (isMaster && remote !== undefined)
    return failure(end, 'A bridge\'s table has no VTEPs: leave out "dst" or "master".');
  const command = { do: `fdb ${known}` as const, dev: words[2], mac };
  if (isMaster) return { command: known === "del" ? command : { ...command, kind: kind ?? "permanent" } };
  // Without "master" iproute2 means the device's own table.
  if (!isSelf && remote === undefined)
    return failure(
      end,
      '"master" is missing for a bridge\'s table, or "dst" and a VTEP for a vxlan device\'s.',
      fdbWords,
    );
  if (known !== "del" && remote === undefined)
    return failure(end, '"dst" and the address of a VTEP are missing.', ["dst"]);
  return { command: { ...command, self: true, remote, ...(known !== "del" && kind !== undefined && { kind }) } };
}

const fdbKinds = ["static", "dynamic", "permanent"] as const;
const fdbWords = ["master", "self", "dst"];

interface FdbEntry {
  readonly kind?: FdbKind;
  readonly isMaster: boolean;
  readonly isSelf: boolean;
  readonly remote?: Ipv4Address;
}

/** What follows `MAC dev DEV`, in any order. */
function readFdbEntry(words: readonly string[]): FdbEntry | { readonly error: CommandError } {
  let kind: FdbKind | undefined;
  let [isMaster, isSelf] = [false, false];
  let remote: Ipv4Address | undefined;
  for (let at = 3; at < words.length; at++) {
    const word = words[at];
    const found = fdbKinds.find((one) => one === word || (one === "permanent" && word === "local"));
    if (found !== undefined) kind = found;
    else if (word === "master") isMaster = true;
    else if (word === "self") isSelf = true;
    else if (word === "dst") {
      remote = parseIpv4(words[++at] ?? "");
      if (remote === undefined) return failure(2 + at, `"${words[at] ?? ""}" is not an address, such as 192.168.1.12.`);
    } else return failure(2 + at, `"${word}" does not belong here.`, [...fdbKinds, ...fdbWords]);
  }
  return { kind, isMaster, isSelf, remote };
}

function failure(word: number, message: string, expected?: readonly string[]): { readonly error: CommandError } {
  return { error: { word, message, expected } };
}
