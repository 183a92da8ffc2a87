import { type Extension, type GivenOptions, type OptionForm, present, type RuleProtocol } from "./options.ts";
import { type NatRange, type RejectAnswer, rejectAnswers, type Target } from "./rule-set.ts";
import { readAddresses, readMark, readPorts, readUnsigned } from "./values.ts";

const flag = { words: 0 } as const;
const markForms = ["--set-xmark", "--set-mark", "--and-mark", "--or-mark", "--xor-mark"] as const;
const markOptions: Readonly<Record<string, OptionForm>> = Object.fromEntries(markForms.map((name) => [name, {}]));
const randomness = { "--random": flag, "--random-fully": flag } as const;

/** The targets that are known and take options, by the name after `-j`. */
export const targetExtensions: Readonly<Record<string, Extension<Target>>> = {
  ACCEPT: verdict("ACCEPT"),
  DROP: verdict("DROP"),
  RETURN: verdict("RETURN"),
  NOTRACK: { options: {}, build: () => ({ target: "NOTRACK" }) },
  CT: {
    options: { "--notrack": flag },
    build: (given) =>
      given.has("--notrack") ? { target: "NOTRACK", spelling: "CT" } : given.fail("Of CT only --notrack is supported."),
  },
  REJECT: { options: { "--reject-with": {} }, build: buildReject },
  MARK: {
    options: markOptions,
    build: (given) => ({ target: "MARK", ...xmark(given, given.one(markForms)) }),
  },
  CONNMARK: {
    options: {
      ...markOptions,
      "--save-mark": flag,
      "--restore-mark": flag,
      "--mask": {},
      "--nfmask": {},
      "--ctmask": {},
    },
    build: buildConnmark,
  },
  LOG: {
    options: {
      "--log-prefix": {},
      "--log-level": {},
      "--log-tcp-sequence": flag,
      "--log-tcp-options": flag,
      "--log-ip-options": flag,
      "--log-uid": flag,
      "--log-macdecode": flag,
    },
    build: buildLog,
  },
  DNAT: {
    options: { "--to-destination": {}, ...randomness, "--persistent": flag },
    build: (given, protocol) => ({ target: "DNAT", range: natRange(given, protocol, "--to-destination") }),
  },
  SNAT: {
    options: { "--to-source": {}, ...randomness, "--persistent": flag },
    build: (given, protocol) => ({ target: "SNAT", range: natRange(given, protocol, "--to-source") }),
  },
  MASQUERADE: {
    options: { "--to-ports": {}, ...randomness },
    build: (given, protocol) => ({ target: "MASQUERADE", range: portRange(given, protocol) }),
  },
  REDIRECT: {
    options: { "--to-ports": {}, "--random": flag },
    build: (given, protocol) => ({ target: "REDIRECT", range: portRange(given, protocol) }),
  },
};

function verdict(target: "ACCEPT" | "DROP" | "RETURN"): Extension<Target> {
  return { options: {}, build: () => ({ target }) };
}

const rejectAliases: Readonly<Record<string, RejectAnswer>> = {
  "net-unreach": "icmp-net-unreachable",
  "host-unreach": "icmp-host-unreachable",
  "proto-unreach": "icmp-proto-unreachable",
  "port-unreach": "icmp-port-unreachable",
  "net-prohib": "icmp-net-prohibited",
  "host-prohib": "icmp-host-prohibited",
  "admin-prohib": "icmp-admin-prohibited",
  "tcp-rst": "tcp-reset",
};

function buildReject(given: GivenOptions, protocol: RuleProtocol): Target {
  const answer = given.read("--reject-with", `one of ${rejectAnswers.join(", ")}`, (text) =>
    Object.hasOwn(rejectAliases, text) ? rejectAliases[text] : rejectAnswers.find((one) => one === text),
  );
  if (answer === "tcp-reset" && (protocol.number !== 6 || protocol.inverted))
    given.fail("tcp-reset answers TCP alone: the rule needs -p tcp.", "--reject-with");
  return { target: "REJECT", with: answer ?? "icmp-port-unreachable" };
}

/** All ways to say a mark, as mark = (mark & ~mask) ^ value. */
function xmark(given: GivenOptions, form: (typeof markForms)[number]): { value: number; mask: number } {
  const { value, mask } =
    form === "--set-xmark" || form === "--set-mark"
      ? (given.read(form, "a mark, such as 0x4000/0x4000", readMark) ?? { value: 0, mask: 0 })
      : { value: given.read(form, "a number of 32 bits", (text) => readUnsigned(text)) ?? 0, mask: 0 };
  switch (form) {
    case "--set-xmark":
      return { value, mask };
    case "--set-mark":
      return { value, mask: (value | mask) >>> 0 };
    case "--and-mark":
      return { value: 0, mask: ~value >>> 0 };
    case "--or-mark":
      return { value, mask: value };
    case "--xor-mark":
      return { value, mask: 0 };
  }
}

function buildConnmark(given: GivenOptions): Target {
  const form = given.one([...markForms, "--save-mark", "--restore-mark"]);
  const bits = (option: string) => given.read(option, "a number of 32 bits", (text) => readUnsigned(text));
  if (form !== "--save-mark" && form !== "--restore-mark") {
    for (const option of given.which(["--mask", "--nfmask", "--ctmask"]))
      given.fail(`${option} goes with --save-mark and --restore-mark.`, option);
    const { value, mask } = xmark(given, form);
    return { target: "CONNMARK", operation: "set-xmark", value, packetMask: 0xffffffff, connectionMask: mask };
  }
  const both = bits("--mask") ?? 0xffffffff;
  const operation = form === "--save-mark" ? "save-mark" : "restore-mark";
  const [packetMask, connectionMask] = [bits("--nfmask") ?? both, bits("--ctmask") ?? both];
  return { target: "CONNMARK", operation, value: 0, packetMask, connectionMask };
}

/** In the order in which iptables prints them. */
const logFlags = [
  "--log-tcp-sequence",
  "--log-tcp-options",
  "--log-ip-options",
  "--log-uid",
  "--log-macdecode",
] as const;
const logLevels = ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"];

function buildLog(given: GivenOptions): Target {
  const prefix = given.text("--log-prefix") ?? "";
  if (prefix.length > 29) given.fail("A prefix has 29 characters at most.", "--log-prefix");
  const level = given.read("--log-level", `a number from 0 to 7 or one of ${logLevels.join(", ")}`, (text) => {
    const named = logLevels.indexOf(text === "panic" ? "emerg" : text === "warn" ? "warning" : text);
    return named >= 0 ? named : readUnsigned(text, 7);
  });
  return { target: "LOG", prefix, level: level ?? 4, options: given.which(logFlags) };
}

function natRange(given: GivenOptions, protocol: RuleProtocol, option: string): NatRange {
  const [addressText, ...rest] = given.required(option).split(":");
  const portText = rest.length === 0 ? undefined : rest.join(":");
  if (portText?.includes("/")) given.fail("Shifted port ranges (PORT-PORT/BASE) are not supported.", option);
  const addresses = addressText === "" ? undefined : readAddresses(addressText);
  if (addressText !== "" && addresses === undefined)
    given.fail(`"${addressText}" is not an IPv4 address or range.`, option);
  const ports = portText === undefined ? undefined : readPorts(portText, "-");
  if (portText !== undefined && ports === undefined)
    given.fail(`"${portText}" is not a port or a range of ports.`, option);
  if (ports !== undefined) portsNeedProtocol(given, protocol, option);
  return present({ addresses, ports, ...randomly(given) });
}

function portRange(given: GivenOptions, protocol: RuleProtocol): NatRange {
  const ports = given.read("--to-ports", "a port or a range such as 1024-2000", (text) => readPorts(text, "-"));
  if (ports !== undefined) portsNeedProtocol(given, protocol, "--to-ports");
  return present({ ports, ...randomly(given) });
}

function portsNeedProtocol(given: GivenOptions, { number, inverted }: RuleProtocol, option: string): void {
  const hasPorts = [1, 6, 17, 33, 132].includes(number) && !inverted;
  if (!hasPorts) given.fail("Ports need -p tcp, udp, sctp or dccp in the rule.", option);
}

function randomly(given: GivenOptions): Pick<NatRange, "random" | "randomFully" | "persistent"> {
  return {
    random: given.has("--random"),
    randomFully: given.has("--random-fully"),
    persistent: given.has("--persistent"),
  };
}
