import type {
  ConnectionState,
  Match,
  NatRange,
  Rule,
  RuleChain,
  RuleTable,
  TableName,
  Target,
} from "../../../src/config/iptables/rule-set.ts";
import { ipv4, prefix } from "../../kube/proxy/objects.ts";

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

const protocols: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, sctp: 132 };
const counters = { packets: 0, bytes: 0 };

/** Reads the arguments that kube-proxy writes, and no others. */
export function readRules(text: string): readonly RuleTable[] {
  const tables: { name: TableName; chains: Draft<RuleChain>[]; line: number }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const table = tables[tables.length - 1];
    const words = [...line.matchAll(/"([^"]*)"|\S+/g)].map((match) => match[1] ?? match[0]);
    if (line.startsWith("*")) tables.push({ name: line.slice(1) as TableName, chains: [], line: index + 1 });
    else if (line.startsWith(":")) {
      const policy = words[1] === "-" ? undefined : (words[1] as "ACCEPT" | "DROP");
      table.chains.push({ name: words[0].slice(1), policy, counters, rules: [], line: index + 1 });
    } else if (words[0] === "-A") {
      const chain = table.chains.find(({ name }) => name === words[1]);
      if (chain) chain.rules = [...chain.rules, readRule(words.slice(2), index + 1)];
    }
  }
  return tables;
}

function readRule(words: string[], line: number): Rule {
  const rule: Draft<Rule> & { matches: Match[] } = { matches: [], counters, line };
  for (let inverted = false; words.length > 0; ) {
    const word = words.shift() ?? "";
    if (word === "!") {
      inverted = true;
      continue;
    }
    readOption(word, words, inverted, rule);
    inverted = false;
  }
  return rule;
}

function readOption(word: string, words: string[], inverted: boolean, rule: Draft<Rule> & { matches: Match[] }): void {
  const next = () => words.shift() ?? "";
  const block = (text: string) => ({ value: prefix(text.includes("/") ? text : `${text}/32`), inverted });
  const mark = (text: string) => text.split("/").map(Number);
  switch (word) {
    case "-p":
      rule.protocol = { value: protocols[next()], inverted };
      break;
    case "-s":
      rule.source = block(next());
      break;
    case "-d":
      rule.destination = block(next());
      break;
    case "-i":
      rule.inInterface = { value: next(), inverted };
      break;
    case "-m":
      next();
      break;
    case "--comment":
      rule.matches.push({ match: "comment", text: next() });
      break;
    case "--dport": {
      const port = Number(next());
      rule.matches.push({ match: "tcp", destinationPorts: { value: { first: port, last: port }, inverted } });
      break;
    }
    case "--dst-type":
      rule.matches.push({ match: "addrtype", destination: { value: [next() as "LOCAL"], inverted } });
      break;
    case "--src-type":
      rule.matches.push({ match: "addrtype", source: { value: [next() as "LOCAL"], inverted } });
      break;
    case "--ctstate":
      rule.matches.push({ match: "conntrack", states: { value: next().split(",") as ConnectionState[], inverted } });
      break;
    case "--mark": {
      const [value, mask] = mark(next());
      rule.matches.push({ match: "mark", value, mask, inverted });
      break;
    }
    case "--probability": {
      next();
      rule.matches.push({ match: "statistic", inverted, mode: "random", probability31: 2 ** 30 });
      break;
    }
    case "--mode":
    case "--name":
    case "--seconds":
    case "--nfacct-name":
      next();
      break;
    case "--reap":
    case "--set":
      break;
    case "--rcheck":
      rule.matches.push({
        ...{ match: "recent", operation: "rcheck", inverted, name: "", reap: true, ttl: false },
        ...{ mask: 0xffffffff, side: "source" },
      });
      break;
    case "-j":
      rule.target = readTarget(next(), words);
      break;
    default:
      throw new Error(`kube-proxy does not write ${word}`);
  }
}

function readTarget(name: string, words: string[]): Target {
  const [option, value] = words.splice(0);
  const range: NatRange = { random: false, randomFully: option === "--random-fully", persistent: false };
  switch (name) {
    case "ACCEPT":
    case "DROP":
    case "RETURN":
      return { target: name };
    case "REJECT":
      return { target: name, with: "icmp-port-unreachable" };
    case "MASQUERADE":
      return { target: name, range };
    case "MARK":
      return { target: name, value: Number(value), mask: option === "--or-mark" ? Number(value) : 0 };
    case "DNAT": {
      const [address, port] = value.split(":");
      const addresses = { first: ipv4(address), last: ipv4(address) };
      return { target: name, range: { ...range, addresses, ports: { first: Number(port), last: Number(port) } } };
    }
    default:
      return { target: "jump", chain: name };
  }
}
