import type { RuleProblem } from "../iptables/words.ts";
import { checkTable } from "./check-table.ts";
import type { NftCommand } from "./commands.ts";
import {
  type Draft,
  type DraftChain,
  type DraftSet,
  type DraftTable,
  draftOf,
  elementsOf,
  findElement,
  finished,
  putElement,
  replaceElements,
  rulesOf,
  tableKey,
} from "./draft.ts";
import { merged, overlap, resolveElement, sameKey, type WrittenElement } from "./elements.ts";
import type { Element, NftChain, NftRuleSet, SetDefinition } from "./rule-set.ts";
import { BadNft, problemAt, type Token } from "./tokens.ts";

/** Nothing was changed where there are problems: nft does all of a script, or none of it. */
export type Transaction =
  | { readonly ruleSet: NftRuleSet; readonly problems: readonly [] }
  | { readonly problems: readonly [RuleProblem, ...RuleProblem[]] };

export const emptyRuleSet: NftRuleSet = { tables: [] };

/** Does the commands of a script one after the other, and checks what the kernel checks at the end. */
export function applyCommands(before: NftRuleSet, commands: readonly NftCommand[]): Transaction {
  const draft = draftOf(before);
  const problems: RuleProblem[] = [];
  for (const command of commands) {
    try {
      apply(draft, command);
    } catch (error) {
      if (!(error instanceof BadNft)) throw error;
      problems.push(problemAt(error.token, error.message));
    }
  }
  const [first, ...others] = problems;
  if (first !== undefined) return { problems: [first, ...others] };
  const ruleSet = finished(draft);
  const changed = ruleSet.tables.filter((table) => commands.some((one) => "table" in one && one.table === table.name));
  const [wrong, ...more] = changed.flatMap((table) => checkTable(table, commands));
  return wrong === undefined ? { ruleSet, problems: [] } : { problems: [wrong, ...more] };
}

function apply(draft: Draft, command: NftCommand): void {
  if (command.do === "flush ruleset") {
    for (const [key, table] of draft)
      if (command.family === undefined || table.family === command.family) draft.delete(key);
    return;
  }
  if (command.do === "add table") return addTable(draft, command);
  const table = draft.get(tableKey(command.family, command.table));
  if (command.do === "delete table") {
    if (table === undefined && !command.mayBeGone) noTable(command);
    draft.delete(tableKey(command.family, command.table));
    return;
  }
  applyInTable(table ?? noTable(command), command);
}

type InTable = Exclude<NftCommand, { do: "flush ruleset" | "add table" | "delete table" }>;

function applyInTable(table: DraftTable, command: InTable): void {
  switch (command.do) {
    case "flush table":
      for (const chain of table.chains.values()) chain.rules = [];
      return;
    case "add chain":
      return addChain(table, command);
    case "delete chain":
      return deleteChain(table, command);
    case "flush chain":
      chainOf(table, command.chain, command.place).rules = [];
      return;
    case "add rule":
      return addRule(table, command);
    case "add set":
      return addSet(table, command);
    case "delete set":
      return deleteSet(table, command);
    case "flush set":
      return flushSet(table, command);
    case "add elements":
      return addElements(table, command);
    case "delete elements":
      return deleteElements(table, command);
  }
}

type Of<Name extends NftCommand["do"]> = Extract<NftCommand, { do: Name }>;

function addTable(draft: Draft, { family, table: name, comment, create, place }: Of<"add table">): void {
  const key = tableKey(family, name);
  if (draft.has(key)) {
    if (create) throw new BadNft(`The table ${key} is there already.`, place);
    return;
  }
  draft.set(key, { family, name, comment, line: place.line, chains: new Map(), sets: new Map() });
}

function noTable({ family, table, place }: Exclude<NftCommand, { do: "flush ruleset" }>): never {
  throw new BadNft(`There is no table ${family} ${table}: add it first.`, place);
}

function chainOf(table: DraftTable, name: string, place: Token): DraftChain {
  const found = table.chains.get(name);
  if (found === undefined)
    throw new BadNft(`There is no chain ${name} in the table ${table.family} ${table.name}.`, place);
  return found;
}

function setOf(table: DraftTable, name: string, place: Token): DraftSet {
  const found = table.sets.get(name);
  if (found === undefined)
    throw new BadNft(`There is no set or map ${name} in the table ${table.family} ${table.name}.`, place);
  return found;
}

function addChain(table: DraftTable, { chain: name, base, policy, comment, create, place }: Of<"add chain">): void {
  const existing = table.chains.get(name);
  if (existing === undefined) {
    if (base === undefined && policy !== undefined) noHook(place);
    const whole = base && { ...base, policy: policy ?? "accept" };
    if (whole?.type === "nat" && whole.policy === "drop")
      throw new BadNft("A chain of type nat is not for filtering: it has no policy drop.", place);
    const chain: NftChain = { name, comment, base: whole, rules: [], line: place.line };
    table.chains.set(name, { chain, rules: undefined });
    return;
  }
  if (create) throw new BadNft(`The chain ${name} is there already.`, place);
  const before = existing.chain.base;
  if (base === undefined && policy === undefined) return;
  if (base === undefined) {
    existing.chain = { ...existing.chain, base: { ...(before ?? noHook(place)), policy: policy ?? "accept" } };
    return;
  }
  const isSame = before?.type === base.type && before.hook === base.hook && before.priority === base.priority;
  if (before === undefined || !isSame)
    throw new BadNft(`The chain ${name} is there already, with another hook, type or priority.`, place);
  if (policy !== undefined && policy !== before.policy)
    existing.chain = { ...existing.chain, base: { ...before, policy } };
}

function noHook(place: Token): never {
  throw new BadNft("Only a chain with a hook has a policy.", place);
}

function deleteChain(table: DraftTable, { chain: name, mayBeGone, place }: Of<"delete chain">): void {
  if (mayBeGone && !table.chains.has(name)) return;
  chainOf(table, name, place);
  const user = leadsTo(table, name);
  if (user !== undefined) throw new BadNft(`The chain ${name} is in use: ${user} leads to it.`, place);
  table.chains.delete(name);
}

/** Who has a verdict that leads to the chain. */
function leadsTo(table: DraftTable, name: string): string | undefined {
  const is = (verdict: { readonly verdict: string; readonly chain?: string }) => verdict.chain === name;
  for (const [set, draft] of table.sets)
    if (elementsOf(draft).some(({ data }) => data !== undefined && "verdict" in data && is(data.verdict)))
      return `@${set}`;
  for (const [chain, draft] of table.chains)
    for (const { statements } of rulesOf(draft))
      for (const one of statements) {
        if (one.statement === "verdict" && is(one.verdict)) return `a rule of ${chain}`;
        const elements = one.statement === "vmap" && one.map.kind === "anonymous set" ? one.map.elements : [];
        if (elements.some(({ data }) => data !== undefined && "verdict" in data && is(data.verdict)))
          return `a rule of ${chain}`;
      }
  return undefined;
}

function addRule(table: DraftTable, { chain: name, rule, where, place }: Of<"add rule">): void {
  const chain = chainOf(table, name, place);
  if (where === undefined) {
    chain.rules ??= [...chain.chain.rules];
    chain.rules.push(rule);
    return;
  }
  const rules = [...rulesOf(chain)];
  const at = where.side === "before" ? where.index : where.index + 1;
  if (at > rules.length || (where.index > 0 && where.index >= rules.length))
    throw new BadNft(`There is no rule at index ${where.index} of ${name}, which has ${rules.length} rules.`, place);
  rules.splice(at, 0, rule);
  chain.rules = rules;
}

function addSet(table: DraftTable, { definition, create, place }: Of<"add set">): void {
  const existing = table.sets.get(definition.name);
  if (existing === undefined) {
    table.sets.set(definition.name, {
      set: { definition, elements: [], line: place.line },
      elements: undefined,
      byKey: undefined,
    });
    return;
  }
  if (create) throw new BadNft(`The set ${definition.name} is there already.`, place);
  const said = (one: SetDefinition) =>
    JSON.stringify([one.keyTypes, one.data, one.interval, one.constant, one.hasTimeout]);
  if (said(existing.set.definition) !== said(definition))
    throw new BadNft(`The set ${definition.name} is there already, with another type or other flags.`, place);
}

function deleteSet(table: DraftTable, { set: name, mayBeGone, place }: Of<"delete set">): void {
  if (mayBeGone && !table.sets.has(name)) return;
  setOf(table, name, place);
  for (const [chain, draft] of table.chains)
    if (rulesOf(draft).some(({ statements }) => JSON.stringify(statements).includes(JSON.stringify(name))))
      throw new BadNft(`The set ${name} is in use: a rule of ${chain} asks for it.`, place);
  table.sets.delete(name);
}

function flushSet(table: DraftTable, { set: name, isMap, place }: Of<"flush set">): void {
  const draft = setOf(table, name, place);
  const isOne = draft.set.definition.data !== undefined;
  if (isOne !== isMap)
    throw new BadNft(`${name} is a ${isOne ? "map" : "set"}: write flush ${isOne ? "map" : "set"}.`, place);
  replaceElements(draft, []);
}

function addElements(table: DraftTable, { set: name, elements, create, place }: Of<"add elements">): void {
  const draft = setOf(table, name, place);
  const { definition } = draft.set;
  for (const written of elements) {
    const element = resolveElement(written, definition);
    const key = written.key[0];
    checkElement(table, definition, element, key);
    addElement(draft, element, create, key);
  }
  if (definition.autoMerge && definition.keyTypes.length === 1)
    replaceElements(draft, merged(definition.keyTypes[0], elementsOf(draft)));
  if (definition.size !== undefined && elementsOf(draft).length > definition.size)
    throw new BadNft(`The set ${name} is full: it has room for ${definition.size} elements.`, place);
}

function checkElement(table: DraftTable, definition: SetDefinition, { data, timeoutMs }: Element, place: Token): void {
  if (timeoutMs !== undefined && !definition.hasTimeout)
    throw new BadNft(`The elements of ${definition.name} have no timeout: it lacks flags timeout.`, place);
  if (data === undefined || !("verdict" in data)) return;
  const { verdict } = data;
  if (verdict.verdict === "jump" || verdict.verdict === "goto") chainOf(table, verdict.chain, place);
}

function addElement(draft: DraftSet, element: Element, create: boolean, place: Token): void {
  const { definition } = draft.set;
  const existing = findElement(draft, element.key);
  if (existing !== undefined) {
    if (create || JSON.stringify(existing.data) !== JSON.stringify(element.data))
      throw new BadNft(`${definition.name} has this key already${create ? "" : ", with other data"}.`, place);
    return;
  }
  if (definition.interval && !definition.autoMerge) {
    const isOverlap = (other: Element) => overlap(other.key, element.key);
    const isOneType = definition.keyTypes.length === 1;
    if (isOneType && elementsOf(draft).some(isOverlap))
      throw new BadNft(`${definition.name} has a key already that has a part in common with this one.`, place);
  }
  putElement(draft, element);
}

function deleteElements(table: DraftTable, { set: name, elements, mayBeGone, place }: Of<"delete elements">): void {
  const draft = setOf(table, name, place);
  const { definition } = draft.set;
  for (const written of elements) {
    const key = keyOf(written, definition);
    const left = elementsOf(draft).filter((one) => !sameKey(one.key, key));
    if (left.length === elementsOf(draft).length && !mayBeGone)
      throw new BadNft(`${name} has no such element.`, written.key[0]);
    replaceElements(draft, left);
  }
}

/** To delete, the data may be left out. */
function keyOf(written: WrittenElement, { keyTypes, interval }: SetDefinition): Element["key"] {
  return resolveElement({ key: written.key }, { keyTypes, interval }).key;
}
