import { parseIpv4, parsePrefix } from "../wire/address-text.ts";
import { type Ipv4Address, type Ipv4Prefix, networkAddress } from "../wire/ipv4-address.ts";
import { type MacAddress, parseMac } from "../wire/mac-address.ts";

/** One `ip` command as iproute2 reads it, without the namespace that it runs in. */
export type IpCommand =
  | {
      readonly do: "link set";
      readonly dev: string;
      readonly up?: boolean;
      readonly mtu?: number;
      readonly mac?: MacAddress;
      readonly master?: string | null;
    }
  | { readonly do: "addr add" | "addr del"; readonly dev: string; readonly prefix: Ipv4Prefix }
  | {
      readonly do: "route add" | "route replace" | "route del";
      readonly type: "unicast" | "blackhole" | "unreachable" | "prohibit";
      readonly destination: Ipv4Prefix;
      readonly via?: Ipv4Address;
      readonly dev?: string;
      readonly preferredSource?: Ipv4Address;
      readonly metric?: number;
      readonly onlink?: boolean;
      readonly table?: number;
    }
  | {
      readonly do: "rule add" | "rule del";
      readonly from?: Ipv4Prefix;
      readonly to?: Ipv4Prefix;
      readonly iif?: string;
      readonly fwmark?: RuleMark;
      readonly priority?: number;
      readonly table?: number;
    }
  | {
      readonly do: "neigh add" | "neigh replace" | "neigh del";
      readonly dev: string;
      readonly address: Ipv4Address;
      readonly mac?: MacAddress;
    };

/** `fwmark VALUE[/MASK]`: the packet's mark, of which the mask's bits count. */
export interface RuleMark {
  readonly value: number;
  readonly mask: number;
}

/** What is wrong with a command, and at which word; a word past the last one means that something is missing there. */
export interface CommandError {
  readonly word: number;
  readonly message: string;
  /** The words that could stand there, for a suggestion. */
  readonly expected?: readonly string[];
}

export type ParsedCommand = { readonly command: IpCommand } | { readonly error: CommandError };

/** Reads the words after `ip` (and after `-n NAMESPACE`), such as `neigh add 10.0.0.9 lladdr 02:… dev eth0`. */
export function parseIpCommand(words: readonly string[]): ParsedCommand {
  const reader = new WordReader(words);
  try {
    return { command: readCommand(reader) };
  } catch (error) {
    if (error instanceof BadWord) return { error: error.detail };
    throw error;
  }
}

/** Reads what follows `ip route add`: `default via 10.0.0.1 dev eth0`, `blackhole 10.9.0.0/16`. */
export function parseRoute(words: readonly string[]): ParsedCommand {
  const shifted = parseIpCommand(["route", "add", ...words]);
  return "error" in shifted ? { error: { ...shifted.error, word: shifted.error.word - 2 } } : shifted;
}

/** Reads what follows `ip rule add`: `from 10.1.0.0/16 lookup 100`. */
export function parseRule(words: readonly string[]): ParsedCommand {
  const shifted = parseIpCommand(["rule", "add", ...words]);
  return "error" in shifted ? { error: { ...shifted.error, word: shifted.error.word - 2 } } : shifted;
}

/** Reads what follows `ip neigh add`: `10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0`. */
export function parseNeighbour(words: readonly string[]): ParsedCommand {
  const shifted = parseIpCommand(["neigh", "add", ...words]);
  return "error" in shifted ? { error: { ...shifted.error, word: shifted.error.word - 2 } } : shifted;
}

class BadWord extends Error {
  readonly detail: CommandError;
  constructor(detail: CommandError) {
    super(detail.message);
    this.detail = detail;
  }
}

class WordReader {
  readonly #words: readonly string[];
  #next = 0;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  get done(): boolean {
    return this.#next >= this.#words.length;
  }

  peek(): string | undefined {
    return this.#words[this.#next];
  }

  take(what: string): string {
    if (this.done) this.fail(`${what} is missing.`, undefined, this.#next);
    return this.#words[this.#next++];
  }

  /** Takes the next word if it is this one. */
  takeIf(word: string): boolean {
    if (this.peek() !== word) return false;
    this.#next++;
    return true;
  }

  fail(message: string, expected?: readonly string[], word: number = this.#next - 1): never {
    throw new BadWord({ word, message, expected });
  }

  choose<Choice extends string>(what: string, choices: Readonly<Record<string, Choice>>): Choice {
    const word = this.take(what);
    const choice = Object.hasOwn(choices, word) ? choices[word] : undefined;
    return choice ?? this.fail(`"${word}" is not ${what}.`, Object.keys(choices));
  }

  address(what: string): Ipv4Address {
    const word = this.take(what);
    return parseIpv4(word) ?? this.fail(`"${word}" is not an IPv4 address.`);
  }

  prefix(what: string, bareLength?: number): Ipv4Prefix {
    const word = this.take(what);
    const bare = bareLength === undefined ? undefined : parseIpv4(word);
    if (bare !== undefined) return { address: bare, length: bareLength as number };
    return parsePrefix(word) ?? this.fail(`"${word}" is not an address with a prefix length, such as 10.0.0.1/24.`);
  }

  mac(): MacAddress {
    const word = this.take("A MAC address");
    return parseMac(word) ?? this.fail(`"${word}" is not a MAC address, such as 02:00:00:00:00:01.`);
  }

  number(what: string, minimum: number, maximum: number): number {
    const word = this.take(what);
    const value = /^\d+$/.test(word) ? Number(word) : Number.NaN;
    if (!(value >= minimum && value <= maximum)) this.fail(`"${word}" is not a number from ${minimum} to ${maximum}.`);
    return value;
  }
}

/** iproute2 takes any unique beginning; the common ones stand here. */
const objects = {
  link: "link",
  addr: "addr",
  address: "addr",
  a: "addr",
  route: "route",
  r: "route",
  rule: "rule",
  ru: "rule",
  neigh: "neigh",
  neighbour: "neigh",
  n: "neigh",
} as const;
const linkActions = { set: "set" } as const;
const addressActions = { add: "addr add", del: "addr del", delete: "addr del" } as const;
const routeActions = { add: "route add", replace: "route replace", del: "route del", delete: "route del" } as const;
const ruleActions = { add: "rule add", del: "rule del", delete: "rule del" } as const;
const neighbourActions = { add: "neigh add", replace: "neigh replace", del: "neigh del", delete: "neigh del" } as const;

function readCommand(reader: WordReader): IpCommand {
  switch (reader.choose("an object of ip: link, addr, route, rule or neigh", objects)) {
    case "link":
      reader.choose('an action of "ip link": set', linkActions);
      return readLink(reader);
    case "addr":
      return readAddress(reader, reader.choose('an action of "ip addr": add or del', addressActions));
    case "route":
      return readRoute(reader, reader.choose('an action of "ip route": add, replace or del', routeActions));
    case "rule":
      return readRule(reader, reader.choose('an action of "ip rule": add or del', ruleActions));
    case "neigh":
      return readNeighbour(reader, reader.choose('an action of "ip neigh": add, replace or del', neighbourActions));
  }
}

type LinkSet = Extract<IpCommand, { do: "link set" }>;
type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

function readLink(reader: WordReader): IpCommand {
  reader.takeIf("dev");
  const command: Mutable<LinkSet> = { do: "link set", dev: reader.take("A device") };
  if (reader.done) reader.fail("What to set is missing: up, down, mtu, address, master or nomaster.", undefined, 3);
  const settings = {
    up: "up",
    down: "down",
    mtu: "mtu",
    address: "address",
    master: "master",
    nomaster: "nomaster",
  } as const;
  while (!reader.done) {
    switch (reader.choose("a setting of a link: up, down, mtu, address, master or nomaster", settings)) {
      case "up":
        command.up = true;
        break;
      case "down":
        command.up = false;
        break;
      case "mtu":
        command.mtu = reader.number("The MTU", 68, 65535);
        break;
      case "address":
        command.mac = reader.mac();
        break;
      case "master":
        command.master = reader.take("The bridge");
        break;
      case "nomaster":
        command.master = null;
    }
  }
  return command;
}

function readAddress(reader: WordReader, action: "addr add" | "addr del"): IpCommand {
  const prefix = reader.prefix("An address with its prefix length", 32);
  if (!reader.takeIf("dev")) reader.fail('"dev" and a device are missing.', ["dev"], 3);
  const dev = reader.take("The device");
  endOfCommand(reader);
  return { do: action, dev, prefix };
}

type Route = Extract<IpCommand, { do: "route add" | "route replace" | "route del" }>;

function readRoute(reader: WordReader, action: Route["do"]): IpCommand {
  const types = ["unicast", "blackhole", "unreachable", "prohibit"] as const;
  const type = types.find((name) => reader.takeIf(name)) ?? "unicast";
  const command: Mutable<Route> = { do: action, type, destination: readDestination(reader) };
  const settings = {
    via: "via",
    dev: "dev",
    src: "src",
    metric: "metric",
    onlink: "onlink",
    table: "table",
    nexthop: "nexthop",
  } as const;
  while (!reader.done) {
    switch (reader.choose("a setting of a route: via, dev, src, metric, onlink or table", settings)) {
      case "via":
        command.via = reader.address("The gateway");
        break;
      case "dev":
        command.dev = reader.take("The device");
        break;
      case "src":
        command.preferredSource = reader.address("The source address");
        break;
      case "metric":
        command.metric = reader.number("The metric", 0, 0xffff_ffff);
        break;
      case "onlink":
        command.onlink = true;
        break;
      case "table":
        command.table = readTable(reader);
        break;
      case "nexthop":
        reader.fail("Routes with several next hops are not supported.");
    }
  }
  if (type === "unicast" && action !== "route del" && command.via === undefined && command.dev === undefined) {
    reader.fail('A route needs "via GATEWAY" or "dev DEVICE".', undefined, Number.MAX_SAFE_INTEGER);
  }
  return command;
}

const tables: Readonly<Record<string, number>> = { main: 254, default: 253 };

function readTable(reader: WordReader): number {
  const named = tables[reader.peek() ?? ""];
  if (named === undefined) {
    const number = reader.number("The routing table", 1, 0x7fff_ffff);
    return number === 255 ? reader.fail("Table local (255) follows the addresses; it cannot be changed.") : number;
  }
  reader.take("The routing table");
  return named;
}

const markPattern = /^(0x[0-9a-f]{1,8}|\d{1,10})(?:\/(0x[0-9a-f]{1,8}|\d{1,10}))?$/i;

/** Without a mask all bits count, except of 0: any mark will do then (`fib_nl2rule`). */
function readMark(reader: WordReader): RuleMark {
  const word = reader.take("The mark");
  const [, value, mask] = markPattern.exec(word)?.map((text) => Number(text)) ?? [];
  if (value === undefined || value > 0xffff_ffff || mask > 0xffff_ffff)
    reader.fail(`"${word}" is not a mark of 32 bits, such as 0x1 or 0x1/0xff.`);
  return { value, mask: Number.isNaN(mask) ? (value === 0 ? 0 : 0xffff_ffff) : mask };
}

/** As iproute2 prints it. */
export function ruleMarkText({ value, mask }: RuleMark): string {
  const hex = (number: number) => `0x${number.toString(16)}`;
  return mask === 0xffff_ffff ? hex(value) : `${hex(value)}/${hex(mask)}`;
}

type Rule = Extract<IpCommand, { do: "rule add" | "rule del" }>;

function readRule(reader: WordReader, action: Rule["do"]): IpCommand {
  const command: Mutable<Rule> = { do: action };
  const settings = {
    from: "from",
    to: "to",
    iif: "iif",
    pref: "pref",
    priority: "pref",
    order: "pref",
    lookup: "table",
    table: "table",
    fwmark: "fwmark",
  } as const;
  while (!reader.done) {
    switch (reader.choose("a setting of a rule: from, to, iif, fwmark, pref or lookup", settings)) {
      case "from":
        command.from = readBlock(reader);
        break;
      case "to":
        command.to = readBlock(reader);
        break;
      case "iif":
        command.iif = reader.take("The device");
        break;
      case "pref":
        command.priority = reader.number("The priority", 1, 0x7fff_ffff);
        break;
      case "table":
        command.table = readTable(reader);
        break;
      case "fwmark":
        command.fwmark = readMark(reader);
    }
  }
  if (action === "rule add" && command.table === undefined)
    reader.fail('A rule needs "lookup TABLE".', ["lookup"], Number.MAX_SAFE_INTEGER);
  return command;
}

/** An address, a block, or `all`. */
function readBlock(reader: WordReader): Ipv4Prefix {
  if (reader.takeIf("all")) return { address: 0, length: 0 };
  return readDestination(reader);
}

function readDestination(reader: WordReader): Ipv4Prefix {
  if (reader.takeIf("default")) return { address: 0, length: 0 };
  const destination = reader.prefix("A destination: default, an address or a block", 32);
  if (networkAddress(destination) !== destination.address) {
    reader.fail("The destination of a route has no host bits; the address must be the first of its block.");
  }
  return destination;
}

function readNeighbour(reader: WordReader, action: "neigh add" | "neigh replace" | "neigh del"): IpCommand {
  reader.takeIf("to");
  const address = reader.address("The neighbour's address");
  let mac: MacAddress | undefined;
  let dev: string | undefined;
  const settings = { lladdr: "lladdr", dev: "dev", nud: "nud" } as const;
  while (!reader.done) {
    switch (reader.choose("a setting of a neighbour: lladdr, dev or nud", settings)) {
      case "lladdr":
        mac = reader.mac();
        break;
      case "dev":
        dev = reader.take("The device");
        break;
      case "nud":
        reader.choose("a neighbour state that can be set here: permanent", { permanent: "permanent" });
    }
  }
  const end = Number.MAX_SAFE_INTEGER;
  if (dev === undefined) return reader.fail('"dev" and a device are missing.', ["dev"], end);
  if (action !== "neigh del" && mac === undefined)
    return reader.fail('"lladdr" and a MAC are missing.', ["lladdr"], end);
  return { do: action, dev, address, mac };
}

function endOfCommand(reader: WordReader): void {
  const word = reader.peek();
  if (word === undefined) return;
  reader.take("");
  reader.fail(`"${word}" is one word too many.`);
}
