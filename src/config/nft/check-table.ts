import type { RuleProblem } from "../iptables/words.ts";
import type { NftCommand } from "./commands.ts";
import type {
  NftChain,
  NftHook,
  NftRule,
  NftSet,
  NftTable,
  Operand,
  Selector,
  Statement,
  Verdict,
} from "./rule-set.ts";
import { typeOf } from "./selectors.ts";
import { problemAt } from "./tokens.ts";

/** What the kernel refuses when a transaction is done: what rules name must be there, and be of use where it is reached from. */
export function checkTable(itself: NftTable, commands: readonly NftCommand[]): readonly RuleProblem[] {
  const table: NamedTable = {
    ...itself,
    chainsByName: new Map(itself.chains.map((chain) => [chain.name, chain])),
    setsByName: new Map(itself.sets.map((set) => [set.definition.name, set])),
  };
  const places = new Map<NftRule, NftCommand>();
  for (const command of commands) if (command.do === "add rule") places.set(command.rule, command);
  const problems = new Map<string, RuleProblem>();
  const report = (rule: NftRule, message: string): void => {
    const place = places.get(rule)?.place ?? { line: rule.line, column: 1, length: 1 };
    const key = `${place.line} ${message}`;
    if (!problems.has(key)) problems.set(key, problemAt(place, message));
  };
  for (const { rules } of table.chains)
    for (const rule of rules)
      for (const statement of rule.statements) {
        const message = wrongReference(table, statement);
        if (message !== undefined) report(rule, message);
      }
  if (problems.size === 0) for (const chain of table.chains) if (chain.base !== undefined) visit(table, chain, report);
  return [...problems.values()];
}

/** A table whose chains and sets are found by their names: large clusters have tens of thousands of them. */
interface NamedTable extends NftTable {
  readonly chainsByName: ReadonlyMap<string, NftChain>;
  readonly setsByName: ReadonlyMap<string, NftSet>;
}

/** The chains that a rule may lead to. */
function leadingTo(table: NamedTable, { statements }: NftRule): readonly string[] {
  return statements.flatMap((statement) => {
    if (statement.statement === "verdict") return chainOf(statement.verdict);
    if (statement.statement !== "vmap") return [];
    const { map } = statement;
    const elements = map.kind === "set" ? (table.setsByName.get(map.name)?.elements ?? []) : map.elements;
    return elements.flatMap(({ data }) => (data !== undefined && "verdict" in data ? chainOf(data.verdict) : []));
  });
}

function chainOf(verdict: Verdict): readonly string[] {
  return verdict.verdict === "jump" || verdict.verdict === "goto" ? [verdict.chain] : [];
}

function wrongReference(table: NamedTable, statement: Statement): string | undefined {
  switch (statement.statement) {
    case "verdict":
      return wrongChain(table, chainOf(statement.verdict));
    case "vmap": {
      const { map, selectors } = statement;
      if (map.kind === "set") return wrongSet(table, map.name, selectors, true);
      return wrongChain(table, leadingTo(table, { statements: [statement], line: 0 }));
    }
    case "match":
      return wrongOperand(table, statement.operand, statement.selectors);
    case "change set": {
      const definition = table.setsByName.get(statement.set)?.definition;
      if (definition?.constant) return `The set ${statement.set} is constant: no rule changes it.`;
      if (statement.timeoutMs !== undefined && definition?.hasTimeout === false)
        return `The elements of ${statement.set} have no timeout: it lacks flags timeout.`;
      return wrongSet(table, statement.set, statement.key, false);
    }
    default:
      return undefined;
  }
}

function wrongOperand(table: NamedTable, operand: Operand, selectors: readonly Selector[]): string | undefined {
  return operand.kind === "set" ? wrongSet(table, operand.name, selectors, undefined) : undefined;
}

function wrongChain(table: NamedTable, names: readonly string[]): string | undefined {
  const missing = names.find((name) => table.chainsByName.get(name) === undefined);
  if (missing !== undefined) return `There is no chain ${missing} in the table ${table.family} ${table.name}.`;
  const base = names.find((name) => table.chainsByName.get(name)?.base !== undefined);
  return base === undefined ? undefined : `A rule cannot lead to ${base}, which has a hook.`;
}

function wrongSet(
  table: NamedTable,
  name: string,
  selectors: readonly Selector[],
  isMap: boolean | undefined,
): string | undefined {
  const definition = table.setsByName.get(name)?.definition;
  if (definition === undefined) return `There is no set or map ${name} in the table ${table.family} ${table.name}.`;
  if (isMap === true && definition.data !== "verdict") return `@${name} has no verdicts: vmap needs a map of them.`;
  if (isMap === false && definition.data !== undefined) return `@${name} is a map: a rule can only change a set.`;
  const [own, asked] = [definition.keyTypes.join(" . "), selectors.map(typeOf).join(" . ")];
  return own === asked ? undefined : `@${name} has keys of type ${own}, and here they are of type ${asked}.`;
}

/** Follows the jumps from a base chain, as `nft_chain_validate` does; each chain once for each hook. */
function visit(table: NamedTable, first: NftChain, report: (rule: NftRule, message: string) => void): void {
  const { base } = first;
  if (base === undefined) return;
  const done = new Set<string>();
  const path: { readonly chain: NftChain; readonly steps: readonly Step[]; next: number }[] = [];
  const enter = (chain: NftChain) => path.push({ chain, steps: stepsOf(table, chain), next: 0 });
  enter(first);
  while (path.length > 0) {
    const top = path[path.length - 1];
    const step = top.steps[top.next++];
    if (step === undefined) {
      done.add(top.chain.name);
      path.pop();
      continue;
    }
    const message = step.into === undefined ? wrongPlace(step.rule, base.type, base.hook) : undefined;
    if (message !== undefined) report(step.rule, message);
    if (step.into === undefined) continue;
    if (path.some(({ chain }) => chain.name === step.into))
      report(step.rule, `The chains call each other in a circle: ${step.into} is reached from itself.`);
    else if (!done.has(step.into)) {
      const into = table.chainsByName.get(step.into);
      if (into !== undefined) enter(into);
    }
  }
}

interface Step {
  readonly rule: NftRule;
  /** Undefined: the rule itself is looked at. */
  readonly into: string | undefined;
}

function stepsOf(table: NamedTable, { rules }: NftChain): readonly Step[] {
  return rules.flatMap((rule) => [
    { rule, into: undefined },
    ...leadingTo(table, rule).map((into) => ({ rule, into })),
  ]);
}

const natHooks = {
  dnat: ["prerouting", "output"],
  redirect: ["prerouting", "output"],
  snat: ["postrouting", "input"],
  masquerade: ["postrouting"],
} as const satisfies Record<string, readonly NftHook[]>;

const rejectHooks: readonly NftHook[] = ["prerouting", "input", "forward", "output"];

function wrongPlace({ statements }: NftRule, type: string, hook: NftHook): string | undefined {
  for (const one of statements) {
    if (one.statement === "nat") {
      const hooks: readonly NftHook[] = natHooks[one.nat];
      if (type !== "nat" || !hooks.includes(hook))
        return `${one.nat} belongs in chains of type nat at ${hooks.join(" and ")}; one of type ${type} at ${hook} leads here.`;
    }
    if (one.statement === "reject" && !rejectHooks.includes(hook))
      return `reject belongs at ${rejectHooks.join(", ")}; a chain at ${hook} leads here.`;
  }
  return undefined;
}
