import { parseIpv4 } from "../../wire/address-text.ts";
import { protocolNumber } from "./names.ts";
import { type Extension, type GivenOptions, present } from "./options.ts";
import { addressTypes, connectionStates, type Match } from "./rule-set.ts";
import { transportMatches } from "./transport-options.ts";
import { readHost, readInterface, readList, readMark, readPorts, readUnsigned } from "./values.ts";

const inverted = { invertible: true } as const;
const flag = { words: 0 } as const;
const invertedFlag = { words: 0, invertible: true } as const;

const aHost = "an address, such as 10.0.0.0/8";
const aPort = "a port or a range of ports, such as 80 or 1024:2000";

/** The matches that are known, by the name after `-m`. */
export const matchExtensions: Readonly<Record<string, Extension<Match>>> = {
  ...transportMatches,
  comment: {
    options: { "--comment": {} },
    build(given) {
      const text = given.required("--comment");
      if (text.length > 255) given.fail("A comment has 255 characters at most.", "--comment");
      return { match: "comment", text };
    },
  },
  addrtype: {
    options: {
      "--src-type": inverted,
      "--dst-type": inverted,
      "--limit-iface-in": flag,
      "--limit-iface-out": flag,
    },
    build(given) {
      if (given.which(["--src-type", "--dst-type"]).length === 0)
        given.fail("addrtype needs --src-type or --dst-type.");
      if (given.has("--limit-iface-in") && given.has("--limit-iface-out"))
        given.fail("--limit-iface-in and --limit-iface-out exclude each other.", "--limit-iface-out");
      const types = `a list of address types (${addressTypes.join(", ")})`;
      return present({
        match: "addrtype",
        source: given.readInverted("--src-type", types, readList(addressTypes)),
        destination: given.readInverted("--dst-type", types, readList(addressTypes)),
        limitInterfaceIn: given.has("--limit-iface-in") || undefined,
        limitInterfaceOut: given.has("--limit-iface-out") || undefined,
      });
    },
  },
  conntrack: {
    options: {
      ...Object.fromEntries(
        ["state", "proto", "origsrc", "origdst", "replsrc", "repldst", "origsrcport", "origdstport", "replsrcport"]
          .concat(["repldstport", "status"])
          .map((name) => [`--ct${name}`, inverted]),
      ),
      "--ctdir": {},
    },
    build: buildConntrack,
  },
  state: {
    options: { "--state": inverted },
    build(given) {
      given.required("--state");
      const states = given.readInverted(
        "--state",
        "a list of connection states",
        readList(connectionStates.slice(0, 5)),
      );
      return { match: "state", states: states ?? given.fail("state needs --state.") };
    },
  },
  mark: { options: { "--mark": inverted }, build: (given) => ({ match: "mark", ...buildMark(given) }) },
  connmark: { options: { "--mark": inverted }, build: (given) => ({ match: "connmark", ...buildMark(given) }) },
  physdev: {
    options: {
      "--physdev-in": inverted,
      "--physdev-out": inverted,
      "--physdev-is-in": invertedFlag,
      "--physdev-is-out": invertedFlag,
      "--physdev-is-bridged": invertedFlag,
    },
    build: buildPhysdev,
  },
  recent: {
    options: {
      "--set": invertedFlag,
      "--rcheck": invertedFlag,
      "--update": invertedFlag,
      "--remove": invertedFlag,
      "--seconds": {},
      "--reap": flag,
      "--hitcount": {},
      "--rttl": flag,
      "--name": {},
      "--mask": {},
      "--rsource": flag,
      "--rdest": flag,
    },
    build: buildRecent,
  },
  statistic: {
    options: { "--mode": {}, "--probability": inverted, "--every": inverted, "--packet": {} },
    build: buildStatistic,
  },
  set: {
    options: { "--match-set": { words: 2, invertible: true } },
    build(given) {
      const name = given.required("--match-set");
      const sides = (given.text("--match-set", 1) ?? "").split(",");
      const known = sides.filter((side) => side === "src" || side === "dst");
      if (known.length !== sides.length) given.fail(`"${sides}" is not a list of src and dst.`, "--match-set");
      return { match: "set", name, inverted: given.inverted("--match-set"), sides: known };
    },
  },
  limit: { options: { "--limit": {}, "--limit-burst": {} }, build: buildLimit },
  nfacct: {
    options: { "--nfacct-name": {} },
    build: (given) => ({ match: "nfacct", name: given.required("--nfacct-name") }),
  },
};

function buildConntrack(given: GivenOptions): Match {
  const host = (name: string) => given.readInverted(name, aHost, readHost);
  const ports = (name: string) => given.readInverted(name, aPort, (text) => readPorts(text));
  const match: Match = present({
    match: "conntrack",
    states: given.readInverted("--ctstate", "a list of connection states, such as NEW", readList(connectionStates)),
    protocol: given.readInverted("--ctproto", "a protocol", protocolNumber),
    originalSource: host("--ctorigsrc"),
    originalDestination: host("--ctorigdst"),
    replySource: host("--ctreplsrc"),
    replyDestination: host("--ctrepldst"),
    originalSourcePort: ports("--ctorigsrcport"),
    originalDestinationPort: ports("--ctorigdstport"),
    replySourcePort: ports("--ctreplsrcport"),
    replyDestinationPort: ports("--ctrepldstport"),
    status: given.readInverted("--ctstatus", "a list of connection statuses, such as ASSURED", readList(statuses)),
    direction: given.read("--ctdir", "ORIGINAL or REPLY", (text) => readList(["ORIGINAL", "REPLY"])(text)?.[0]),
  });
  return Object.keys(match).length > 1 ? match : given.fail("conntrack needs at least one option, such as --ctstate.");
}

const statuses = ["NONE", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"] as const;

function buildMark(given: GivenOptions): { value: number; mask: number; inverted: boolean } {
  given.required("--mark");
  const mark = given.read("--mark", "a mark, such as 0x4000 or 0x4000/0x4000", readMark);
  return { ...(mark ?? given.fail("The mark is missing.")), inverted: given.inverted("--mark") };
}

function buildPhysdev(given: GivenOptions): Match {
  const truth = (name: string) =>
    given.has(name) ? ({ value: true, inverted: given.inverted(name) } as const) : undefined;
  const device = (name: string) => given.readInverted(name, "a device's name, 15 characters at most", readInterface);
  const match: Match = present({
    match: "physdev",
    in: device("--physdev-in"),
    out: device("--physdev-out"),
    isIn: truth("--physdev-is-in"),
    isOut: truth("--physdev-is-out"),
    isBridged: truth("--physdev-is-bridged"),
  });
  return Object.keys(match).length > 1 ? match : given.fail("physdev needs at least one option.");
}

function buildRecent(given: GivenOptions): Match {
  const operation = given.one(["--set", "--rcheck", "--update", "--remove"]);
  if (given.has("--rsource") && given.has("--rdest"))
    given.fail("--rsource and --rdest exclude each other.", "--rdest");
  const timed = operation === "--rcheck" || operation === "--update";
  for (const option of given.which(["--seconds", "--hitcount", "--reap", "--rttl"]))
    if (!timed) given.fail(`${option} goes with --rcheck and --update.`, option);
  if (given.has("--reap") && !given.has("--seconds")) given.fail("--reap needs --seconds.", "--reap");
  const positive = (text: string) => readUnsigned(text) || undefined;
  return present({
    match: "recent",
    operation: operation.slice(2) as "set" | "rcheck" | "update" | "remove",
    inverted: given.inverted(operation),
    name: given.text("--name") ?? "DEFAULT",
    seconds: given.read("--seconds", "a number of seconds", positive),
    reap: given.has("--reap"),
    hitCount: given.read("--hitcount", "a number of packets", positive),
    ttl: given.has("--rttl"),
    mask: given.read("--mask", "a mask, such as 255.255.255.0", parseIpv4) ?? 0xffffffff,
    side: given.has("--rdest") ? "destination" : "source",
  });
}

function buildStatistic(given: GivenOptions): Match {
  const mode = given.required("--mode");
  if (mode === "random") {
    for (const option of given.which(["--every", "--packet"])) given.fail(`${option} goes with --mode nth.`, option);
    const share = given.read("--probability", "a number from 0 to 1", readShare);
    if (share === undefined) return given.fail("statistic --mode random needs --probability.");
    return {
      match: "statistic",
      mode,
      inverted: given.inverted("--probability"),
      probability31: Math.round(share * 2 ** 31),
    };
  }
  if (mode !== "nth") return given.fail(`"${mode}" is not a mode: write random or nth.`, "--mode");
  if (given.has("--probability")) given.fail("--probability goes with --mode random.", "--probability");
  given.required("--every");
  if (!given.has("--packet")) given.fail("--every also needs --packet.", "--every");
  const every = given.read("--every", "a number above 0", (text) => readUnsigned(text) || undefined) ?? 1;
  const packet = given.read("--packet", "a number", (text) => readUnsigned(text)) ?? 0;
  if (packet >= every) given.fail("--packet is less than --every.", "--packet");
  return { match: "statistic", mode, inverted: given.inverted("--every"), every, packet };
}

function readShare(text: string): number | undefined {
  return /^(\d+\.?\d*|\.\d+)$/.test(text) && Number(text) <= 1 ? Number(text) : undefined;
}

function buildLimit(given: GivenOptions): Match {
  const rate = given.read("--limit", "a rate up to 10000/sec, such as 3/hour", readRate) ?? { average: 3, per: "hour" };
  const burst = given.read("--limit-burst", "a number up to 10000", (text) => readUnsigned(text, 10000)) ?? 5;
  return { match: "limit", ...rate, burst };
}

const units = [
  ["sec", "second", 1],
  ["min", "minute", 60],
  ["hour", "hour", 3600],
  ["day", "day", 86400],
] as const;

/** Reads `5/min` as the kernel keeps it: in the shortest unit that it is a whole number of (60/min is 1/sec). */
function readRate(text: string): { average: number; per: "sec" | "min" | "hour" | "day" } | undefined {
  const found = /^(\d+)(?:\/([a-z]+))?$/i.exec(text);
  const written = found?.[2]?.toLowerCase() ?? "second";
  const unit = units.find(([, whole]) => whole.startsWith(written));
  if (found === null || unit === undefined) return undefined;
  const perDay = Number(found[1]) * (86400 / unit[2]);
  if (perDay === 0 || perDay / 86400 > 10000) return undefined;
  const [per, , seconds] = units.find((one) => (perDay * one[2]) % 86400 === 0) ?? units[3];
  return { average: (perDay * seconds) / 86400, per };
}
