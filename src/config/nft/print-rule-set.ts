import { typeTraits } from "./data-types.ts";
import { inOrder } from "./elements.ts";
import { printTime } from "./parse-values.ts";
import { printElement, printNftRule } from "./print-rule.ts";
import { printPriority } from "./priorities.ts";
import type { Element, Family, NftChain, NftRuleSet, NftSet, NftTable, SetDefinition } from "./rule-set.ts";

export interface NftPrintOptions {
  /** As with `nft -s`: without what was counted, and without elements that rules put into sets. */
  readonly stateless?: boolean;
}

/** One line of what `nft list ruleset` prints, and what it is about. */
export interface NftLine {
  readonly text: string;
  readonly family: Family;
  readonly table: string;
  /** Of a chain's head, and of its rules. */
  readonly chain?: string;
  /** The rule's place in its chain, counted from 0. */
  readonly rule?: number;
}

/** What `nft list ruleset` prints (nftables 1.0.6). */
export function printNftRuleSet(ruleSet: NftRuleSet, options: NftPrintOptions = {}): string {
  return nftLines(ruleSet, options)
    .map(({ text }) => `${text}\n`)
    .join("");
}

/** The same, line by line. */
export function nftLines({ tables }: NftRuleSet, options: NftPrintOptions = {}): readonly NftLine[] {
  return tables.flatMap((table) => tableLines(table, options));
}

function tableLines(table: NftTable, options: NftPrintOptions): readonly NftLine[] {
  const own = { family: table.family, table: table.name };
  const comment = table.comment === undefined ? [] : [`\tcomment "${table.comment}"`];
  const blocks = [
    ...table.sets.map((set) => setLines(set, options).map((text) => ({ text, ...own }))),
    ...table.chains.map((chain) => chainLines(chain, table, options)),
  ];
  return [
    { text: `table ${table.family} ${table.name} {`, ...own },
    ...comment.map((text) => ({ text, ...own })),
    ...blocks.flatMap((lines, index) => [...(index === 0 ? [] : [{ text: "", ...own }]), ...lines]),
    { text: "}", ...own },
  ];
}

function chainLines(chain: NftChain, table: NftTable, { stateless }: NftPrintOptions): readonly NftLine[] {
  const own = { family: table.family, table: table.name, chain: chain.name };
  const { base } = chain;
  const head =
    base === undefined
      ? []
      : [
          `\t\ttype ${base.type} hook ${base.hook} priority ${printPriority(base.priority, base.hook)}; policy ${base.policy};`,
        ];
  return [
    { text: `\tchain ${chain.name} {`, ...own },
    ...(chain.comment === undefined
      ? []
      : [{ text: `\t\tcomment "${chain.comment}"`, family: own.family, table: own.table }]),
    ...head.map((text) => ({ text, ...own })),
    ...chain.rules.map((rule, index) => ({
      text: `\t\t${printNftRule(rule, table.family, stateless ? "stateless" : undefined)}`,
      ...own,
      rule: index,
    })),
    { text: "\t}", family: own.family, table: own.table },
  ];
}

function setLines({ definition, elements }: NftSet, { stateless }: NftPrintOptions): readonly string[] {
  const { name, keyTypes, data } = definition;
  const dataText = data === undefined ? "" : ` : ${data === "verdict" ? data : data.join(" . ")}`;
  const shown = stateless ? (definition.dynamic ? [] : elements.map(withoutTimeLeft)) : elements;
  return [
    `\t${data === undefined ? "set" : "map"} ${name} {`,
    `\t\ttype ${keyTypes.join(" . ")}${dataText}`,
    ...settings(definition).map((text) => `\t\t${text}`),
    ...elementLines(definition, shown),
    "\t}",
  ];
}

function withoutTimeLeft({ expiresMs: _expiresMs, ...element }: Element): Element {
  return element;
}

function settings(definition: SetDefinition): readonly string[] {
  const { size, timeoutMs, gcIntervalMs, comment } = definition;
  // A default timeout says that there are timeouts.
  const needsFlags = definition.constant || definition.dynamic || definition.interval || timeoutMs === undefined;
  const flags = [
    ...(definition.constant ? ["constant"] : []),
    ...(definition.dynamic ? ["dynamic"] : []),
    ...(definition.interval ? ["interval"] : []),
    ...(definition.hasTimeout ? ["timeout"] : []),
  ];
  return [
    ...(size === undefined ? [] : [`size ${size}`]),
    ...(flags.length === 0 || !needsFlags ? [] : [`flags ${flags.join(",")}`]),
    ...(definition.autoMerge ? ["auto-merge"] : []),
    ...(timeoutMs === undefined ? [] : [`timeout ${printTime(timeoutMs)}`]),
    ...(gcIntervalMs === undefined ? [] : [`gc-interval ${printTime(gcIntervalMs)}`]),
    ...(comment === undefined ? [] : [`comment "${comment}"`]),
  ];
}

/** As many on a line as nft puts there for the type; the first line begins with `elements = { `. */
function elementLines(definition: SetDefinition, elements: readonly Element[]): readonly string[] {
  if (elements.length === 0) return [];
  const { keyTypes, data, interval } = definition;
  const texts = inOrder(keyTypes, interval, elements).map((element) => printElement(element, keyTypes, data));
  const perLine = keyTypes.length > 1 ? 1 : typeTraits[keyTypes[0]].perLine;
  const lines: string[] = [];
  for (let at = 0; at < texts.length; at += perLine) lines.push(texts.slice(at, at + perLine).join(", "));
  return lines.map((line, index) => {
    const start = index === 0 ? "\t\telements = { " : "\t\t\t     ";
    return `${start}${line}${index === lines.length - 1 ? " }" : ","}`;
  });
}
