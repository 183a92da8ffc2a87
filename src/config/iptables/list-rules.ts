import { formatIpv4, formatPrefix, type Ipv4Prefix } from "../../wire/ipv4-address.ts";
import { listMatch, listTarget } from "./list-match.ts";
import { hooksOfTable, type Inverted, type Rule, type RuleChain, type RuleTable } from "./rule-set.ts";

export interface ListOptions {
  /** `-v`: counters and interfaces. */
  readonly verbose: boolean;
  /** `-x`: counters to the last digit. */
  readonly exact: boolean;
  /** `--line-numbers`. */
  readonly lineNumbers: boolean;
}

/** What `iptables -L -n` prints of a table, or of one of its chains (iptables 1.8.9 on nf_tables). */
export function listTable(table: RuleTable, options: ListOptions, only?: string): readonly string[] {
  const lines: string[] = [];
  for (const chain of chainsInOrder(table)) {
    if (only !== undefined && chain.name !== only) continue;
    if (lines.length > 0) lines.push("");
    lines.push(chainHead(table, chain, options), columnHeads(options));
    lines.push(...chain.rules.map((rule, index) => ruleLine(rule, index + 1, options)));
  }
  return lines;
}

function chainsInOrder({ name, chains }: RuleTable): readonly RuleChain[] {
  const builtIn = hooksOfTable[name] as readonly string[];
  const hooks = builtIn.map(
    (hook): RuleChain =>
      chains.find((chain) => chain.name === hook) ?? {
        name: hook,
        policy: "ACCEPT",
        counters: { packets: 0, bytes: 0 },
        rules: [],
        line: 0,
      },
  );
  const others = chains.filter((chain) => !builtIn.includes(chain.name));
  return [...hooks, ...others.toSorted((one, other) => (one.name < other.name ? -1 : 1))];
}

function chainHead(table: RuleTable, chain: RuleChain, { verbose, exact }: ListOptions): string {
  if (chain.policy === undefined) return `Chain ${chain.name} (${references(table, chain.name)} references)`;
  const { packets, bytes } = chain.counters;
  const counters = verbose ? ` ${short(packets, exact)} packets, ${short(bytes, exact)} bytes` : "";
  return `Chain ${chain.name} (policy ${chain.policy}${counters})`;
}

function references({ chains }: RuleTable, name: string): number {
  const rules = chains.flatMap((chain) => chain.rules);
  return rules.filter(({ target }) => target !== undefined && "chain" in target && target.chain === name).length;
}

function columnHeads({ verbose, exact, lineNumbers }: ListOptions): string {
  const number = lineNumbers ? "num  " : "";
  if (!verbose) return `${number}target     prot opt source               destination         `;
  const counters = exact ? "    pkts      bytes" : " pkts bytes";
  return `${number}${counters} target     prot opt in     out     source               destination         `;
}

function ruleLine(rule: Rule, number: number, options: ListOptions): string {
  const { verbose, exact, lineNumbers } = options;
  const { packets, bytes } = rule.counters;
  const counters = exact
    ? `${String(packets).padStart(8)} ${String(bytes).padStart(8)} `
    : `${short(packets, false).padStart(5)} ${short(bytes, false).padStart(5)} `;
  const interfaces = ` ${ofInterface(rule.inInterface)} ${ofInterface(rule.outInterface)} `;
  return [
    lineNumbers ? String(number).padEnd(5) : "",
    verbose ? counters : "",
    `${targetName(rule).padEnd(9)} `,
    protocolText(rule),
    `${fragmentText(rule)} `,
    verbose ? interfaces : "",
    `${hostText(rule.source)}${hostText(rule.destination)}`,
    details(rule),
  ].join("");
}

function targetName({ target }: Rule): string {
  if (target === undefined) return "";
  if ("chain" in target) return target.chain;
  return target.target === "NOTRACK" ? "CT" : target.target;
}

/** The first column of what does not match is the one for `!`. */
function protocolText({ protocol }: Rule): string {
  return `${protocol?.inverted ? "!" : " "}${String(protocol?.value ?? 0).padEnd(4)} `;
}

function fragmentText({ fragment }: Rule): string {
  return fragment === undefined ? "--" : fragment.inverted ? "!f" : "-f";
}

function ofInterface(one: Inverted<string> | undefined): string {
  return `${one?.inverted ? "!" : ""}${one?.value ?? "*"}`.padEnd(6);
}

function hostText(one: Inverted<Ipv4Prefix> | undefined): string {
  const prefix = one?.value ?? { address: 0, length: 0 };
  const text = prefix.length === 32 ? formatIpv4(prefix.address) : formatPrefix(prefix);
  return `${one?.inverted ? "!" : " "}${text.padEnd(19)} `;
}

function details({ target, matches }: Rule): string {
  const texts = [...matches.map(listMatch), ...(target === undefined ? [] : [listTarget(target)])].filter(Boolean);
  const isGoto = target?.target === "goto";
  return `${isGoto ? "[goto] " : ""}${texts.map((text) => ` ${text}`).join("")}`;
}

const units = ["K", "M", "G", "T"];

/** `xtables_print_num`: five digits at most, then thousands, millions and so on, rounded. */
function short(value: number, exact: boolean): string {
  if (exact || value <= 99_999) return String(value);
  let rest = value;
  for (const unit of units) {
    rest = Math.floor((rest + 500) / 1000);
    if (rest <= 9999 || unit === "T") return `${rest}${unit}`;
  }
  return String(value);
}
