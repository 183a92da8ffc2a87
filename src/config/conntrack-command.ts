import { parseIpv4 } from "../wire/address-text.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import type { CommandError } from "./ip-command.ts";

/** `conntrack -D` with what must be equal (conntrack(8)); without anything it forgets all, as `conntrack -F`. */
export interface ConntrackDelete {
  readonly do: "conntrack delete";
  readonly protocol?: "tcp" | "udp" | "icmp";
  readonly originalSource?: Ipv4Address;
  readonly originalDestination?: Ipv4Address;
  readonly replySource?: Ipv4Address;
  readonly replyDestination?: Ipv4Address;
  readonly originalSourcePort?: number;
  readonly originalDestinationPort?: number;
  readonly replySourcePort?: number;
  readonly replyDestinationPort?: number;
}

type AddressName = "originalSource" | "originalDestination" | "replySource" | "replyDestination";
type PortName = `${AddressName}Port`;

const addressOptions: Readonly<Record<string, AddressName>> = {
  ...{ "-s": "originalSource", "--src": "originalSource", "--orig-src": "originalSource" },
  ...{ "-d": "originalDestination", "--dst": "originalDestination", "--orig-dst": "originalDestination" },
  ...{ "-r": "replySource", "--reply-src": "replySource" },
  ...{ "-q": "replyDestination", "--reply-dst": "replyDestination" },
};

const portOptions: Readonly<Record<string, PortName>> = {
  ...{ "--sport": "originalSourcePort", "--orig-port-src": "originalSourcePort" },
  ...{ "--dport": "originalDestinationPort", "--orig-port-dst": "originalDestinationPort" },
  ...{ "--reply-port-src": "replySourcePort", "--reply-port-dst": "replyDestinationPort" },
};

const protocols = ["tcp", "udp", "icmp"] as const;

export type ParsedConntrackCommand = { readonly command: ConntrackDelete } | { readonly error: CommandError };

/** Reads the words after `conntrack`, such as `-D -p udp --orig-dst 10.96.0.53 --orig-port-dst 53`. */
export function parseConntrackCommand(words: readonly string[]): ParsedConntrackCommand {
  const [action, ...options] = words;
  if (action === "-F" || action === "--flush") {
    return options.length === 0 ? { command: { do: "conntrack delete" } } : failure(1, `-F takes no "${options[0]}".`);
  }
  if (action !== "-D" && action !== "--delete") {
    return failure(0, "Write conntrack -D with what to forget, or conntrack -F.", ["-D", "-F"]);
  }
  if (options.length === 0) return failure(1, "Say what to forget, such as -p udp; -F forgets all.");
  const values: Record<string, unknown> = {};
  for (let i = 0; i < options.length; i += 2) {
    const [name, text] = [options[i], options[i + 1]];
    const read = readOption(name, text);
    if (read === undefined) return failure(i + 1, `conntrack -D has no option "${name}" here.`, known);
    if (text === undefined) return failure(i + 2, `The value of ${name} is missing.`);
    if (read.value === undefined) return failure(i + 2, `"${text}" is not ${read.what}.`);
    values[read.key] = read.value;
  }
  return { command: { do: "conntrack delete", ...values } };
}

/** The options as they are typed, each word of its own. */
export function conntrackWords(command: ConntrackDelete, formatAddress: (address: Ipv4Address) => string): string[] {
  const words = command.protocol ? ["-p", command.protocol] : [];
  for (const [option, key] of Object.entries(addressOptions)) {
    const address = command[key];
    if (address !== undefined && isLong(option)) words.push(option, formatAddress(address));
  }
  for (const [option, key] of Object.entries(portOptions)) {
    const port = command[key];
    if (port !== undefined && isLong(option)) words.push(option, String(port));
  }
  return words.length === 0 ? ["-F"] : ["-D", ...words];
}

/** Of several names of an option the one that says which direction it means. */
function isLong(option: string): boolean {
  return option.startsWith("--orig-") || option.startsWith("--reply-");
}

const known = ["-p", "--proto", ...Object.keys(addressOptions), ...Object.keys(portOptions)];

function readOption(name: string, text = ""): { key: string; value: unknown; what: string } | undefined {
  if (name === "-p" || name === "--proto") {
    return { key: "protocol", value: protocols.find((one) => one === text), what: "tcp, udp or icmp" };
  }
  if (Object.hasOwn(addressOptions, name)) {
    return { key: addressOptions[name], value: parseIpv4(text), what: "an IPv4 address" };
  }
  if (!Object.hasOwn(portOptions, name)) return undefined;
  const port = /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
  return { key: portOptions[name], value: port, what: "a port" };
}

function failure(word: number, message: string, expected?: readonly string[]): { readonly error: CommandError } {
  return { error: { word, message, ...(expected && { expected }) } };
}
