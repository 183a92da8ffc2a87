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
      readonly do: "fdb add" | "fdb replace" | "fdb del";
      readonly dev: string;
      readonly mac: MacAddress;
      readonly kind?: "static" | "dynamic" | "permanent";
    };

export type ParsedBridgeCommand = { readonly command: BridgeCommand } | { readonly error: CommandError };

/** Reads the words after `bridge` (and after `-n NAMESPACE`), such as `link set dev veth1 learning off`. */
export function parseBridgeCommand(words: readonly string[]): ParsedBridgeCommand {
  const [object, action, ...rest] = words;
  if (object === "link" && action === "set") return readLink(rest);
  if (object === "fdb") return readFdb(action, rest);
  const expected = ["link", "fdb"];
  return failure(
    object === "link" ? 1 : 0,
    'Write "bridge link set dev …" or "bridge fdb add|replace|del …".',
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
  const actions = ["add", "replace", "del"] as const;
  const known = actions.find((one) => one === action || (one === "del" && action === "delete"));
  if (known === undefined) return failure(1, "The forwarding database knows add, replace and del.", actions);
  const mac = parseMac(words[0] ?? "");
  if (mac === undefined) return failure(2, `"${words[0] ?? ""}" is not a MAC address, such as 02:00:00:00:00:01.`);
  if (words[1] !== "dev" || words[2] === undefined) return failure(3, '"dev" and a bridge port are missing.', ["dev"]);
  const kinds = ["static", "dynamic", "permanent"] as const;
  let kind: (typeof kinds)[number] | undefined;
  let isMaster = false;
  for (let at = 3; at < words.length; at++) {
    const found = kinds.find((one) => one === words[at] || (one === "permanent" && words[at] === "local"));
    if (found !== undefined) kind = found;
    else if (words[at] === "master") isMaster = true;
    else return failure(2 + at, `"${words[at]}" does not belong here.`, [...kinds, "master"]);
  }
  // Without it iproute2 means the device's own table, which veth does not have.
  if (!isMaster) return failure(2 + words.length, '"master" is missing: the bridge\'s table is meant.', ["master"]);
  const command = { do: `fdb ${known}` as const, dev: words[2], mac };
  // iproute2 enters a local address where nothing else is said.
  return { command: known === "del" ? command : { ...command, kind: kind ?? "permanent" } };
}

function failure(word: number, message: string, expected?: readonly string[]): { readonly error: CommandError } {
  return { error: { word, message, expected } };
}
