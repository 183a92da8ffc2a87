import { type HookName, hooksOfTable, type Rule, type RuleChain, type RuleTable } from "./rule-set.ts";
import type { RuleProblem } from "./words.ts";

/**
 * What the kernel refuses when it takes a table: jumps to nowhere and in circles, and rules where a hook that leads to
 * them lacks what they need. Measured against iptables 1.8.9 on nf_tables, which says no more than "Invalid argument".
 */
export function checkTables(
  tables: readonly RuleTable[],
  noFlush: boolean,
  lines: readonly string[],
): readonly RuleProblem[] {
  return tables.flatMap((table) => {
    const at = (line: number, message: string) => problemAt(line, message, lines);
    return [...missingChains(table, noFlush, at), ...wrongHooks(table, at)];
  });
}

type Report = (line: number, message: string) => RuleProblem;

function problemAt(line: number, message: string, lines: readonly string[]): RuleProblem {
  const text = (lines[line - 1] ?? "").trimEnd();
  const column = text.length - text.trimStart().length;
  return { line, column: column + 1, length: Math.max(text.length - column, 1), message };
}

/** With `--noflush`, chains that the text does not declare may be there already. */
function missingChains(table: RuleTable, noFlush: boolean, at: Report): readonly RuleProblem[] {
  if (noFlush) return [];
  const declared = new Set<string>(hooksOfTable[table.name]);
  for (const { name, declared: isDeclared } of table.chains) if (isDeclared !== false) declared.add(name);
  const undeclared = table.chains
    .filter(({ name }) => !declared.has(name))
    .map(({ name, line }) =>
      at(line, `There is no chain ${name} in the table ${table.name}: declare it with :${name} - [0:0].`),
    );
  const jumps = table.chains.flatMap(({ rules }) =>
    rules.flatMap((rule) => {
      const chain = chainTarget(rule);
      if (chain === undefined || declared.has(chain)) return [];
      return [at(rule.line, `There is no chain and no target ${chain} in the table ${table.name}.`)];
    }),
  );
  return [...undeclared, ...jumps];
}

function chainTarget(rule: Rule): string | undefined {
  const { target } = rule;
  return target?.target === "jump" || target?.target === "goto" ? target.chain : undefined;
}

/** Follows the jumps from each built-in chain, as the kernel does. */
function wrongHooks(table: RuleTable, at: Report): readonly RuleProblem[] {
  const problems = new Map<string, RuleProblem>();
  const byName = new Map(table.chains.map((chain) => [chain.name, chain]));
  const report = (rule: Rule, message: string): void => {
    const key = `${rule.line} ${message}`;
    if (!problems.has(key)) problems.set(key, at(rule.line, message));
  };
  for (const hook of hooksOfTable[table.name]) {
    const first = byName.get(hook);
    if (first === undefined) continue;
    for (const rule of first.rules) {
      const message = wrongDevice(rule, hook);
      if (message !== undefined) report(rule, message);
    }
    visit(first, hook);
  }
  for (const { rules } of table.chains)
    for (const rule of rules)
      if (table.name === "nat" && rule.target?.target === "DROP")
        report(rule, "The table nat is not for filtering: DROP is not taken there.");
  return [...problems.values()];

  /** Depth first without recursion; a chain is done once for each hook. */
  function visit(first: RuleChain, hook: HookName): void {
    const done = new Set<string>();
    const path: { readonly chain: RuleChain; next: number }[] = [{ chain: first, next: 0 }];
    while (path.length > 0) {
      const top = path[path.length - 1];
      const rule = top.chain.rules[top.next++];
      if (rule === undefined) {
        done.add(top.chain.name);
        path.pop();
        continue;
      }
      const message = wrongPlace(rule, table, hook);
      if (message !== undefined) report(rule, message);
      const name = chainTarget(rule);
      const into = name === undefined ? undefined : byName.get(name);
      if (name !== undefined && (hooksOfTable[table.name] as readonly string[]).includes(name))
        report(rule, `A rule cannot lead to ${name}, which is a built-in chain.`);
      else if (path.some(({ chain }) => chain.name === name))
        report(
          rule,
          `The chains call each other in a circle: ${circle(
            path.map(({ chain }) => chain.name),
            name as string,
          )}.`,
        );
      else if (into !== undefined && !done.has(into.name)) path.push({ chain: into, next: 0 });
    }
  }
}

function circle(path: readonly string[], name: string): string {
  return [...path.slice(path.indexOf(name)), name].join(" → ");
}

function wrongDevice(rule: Rule, hook: HookName): string | undefined {
  if (rule.outInterface !== undefined && (hook === "PREROUTING" || hook === "INPUT"))
    return `-o cannot stand in ${hook}: where the packet will leave is not known there.`;
  if (rule.inInterface !== undefined && (hook === "OUTPUT" || hook === "POSTROUTING"))
    return `-i cannot stand in ${hook}: the packet did not come in by a device there, or has forgotten it.`;
  return undefined;
}

/** Where targets may stand, at the hooks that lead to their rule. */
const placesOfTarget: Readonly<
  Record<string, { readonly tables: readonly string[]; readonly hooks: readonly HookName[] }>
> = {
  DNAT: { tables: ["nat"], hooks: ["PREROUTING", "OUTPUT"] },
  REDIRECT: { tables: ["nat"], hooks: ["PREROUTING", "OUTPUT"] },
  SNAT: { tables: ["nat"], hooks: ["POSTROUTING", "INPUT"] },
  MASQUERADE: { tables: ["nat"], hooks: ["POSTROUTING"] },
  REJECT: { tables: ["filter"], hooks: ["INPUT", "FORWARD", "OUTPUT"] },
  NOTRACK: { tables: ["raw"], hooks: ["PREROUTING", "OUTPUT"] },
};

function wrongPlace(rule: Rule, table: RuleTable, hook: HookName): string | undefined {
  const target = rule.target?.target ?? "";
  const place = Object.hasOwn(placesOfTarget, target) ? placesOfTarget[target] : undefined;
  if (place !== undefined && !(place.tables.includes(table.name) && place.hooks.includes(hook)))
    return `${target} belongs in the table ${place.tables} under ${place.hooks.join(", ")}; here ${hook} of ${table.name} leads to it.`;
  for (const match of rule.matches) {
    if (match.match === "addrtype" && match.limitInterfaceIn && (hook === "POSTROUTING" || hook === "OUTPUT"))
      return `--limit-iface-in cannot be used under ${hook}.`;
    if (match.match === "addrtype" && match.limitInterfaceOut && (hook === "PREROUTING" || hook === "INPUT"))
      return `--limit-iface-out cannot be used under ${hook}.`;
    if (match.match === "physdev" && (match.out ?? match.isOut) !== undefined && hook === "OUTPUT")
      return "--physdev-out and --physdev-is-out cannot be used under OUTPUT: no bridge has been chosen there.";
  }
  return undefined;
}
