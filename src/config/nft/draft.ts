import type { Element, Family, NftChain, NftRule, NftRuleSet, NftSet, NftTable } from "./rule-set.ts";

/** A table that commands change. */
export interface DraftTable {
  readonly family: Family;
  readonly name: string;
  readonly line: number;
  comment: string | undefined;
  readonly chains: Map<string, DraftChain>;
  readonly sets: Map<string, DraftSet>;
}

export interface DraftChain {
  chain: NftChain;
  /** A list of its own as soon as something changes in it. */
  rules: NftRule[] | undefined;
}

export interface DraftSet {
  readonly set: NftSet;
  elements: Element[] | undefined;
  /** Elements by the text of their key, made when it is first asked for. */
  byKey: Map<string, Element> | undefined;
}

export type Draft = Map<string, DraftTable>;

export function tableKey(family: Family, name: string): string {
  return `${family} ${name}`;
}

export function draftOf({ tables }: NftRuleSet): Draft {
  return new Map(tables.map((table) => [tableKey(table.family, table.name), draftTable(table)]));
}

/** What became of it; what did not change is the same object as before. */
export function finished(draft: Draft): NftRuleSet {
  return { tables: [...draft.values()].map(finishedTable) };
}

export function rulesOf({ chain, rules }: DraftChain): readonly NftRule[] {
  return rules ?? chain.rules;
}

export function elementsOf({ set, elements }: DraftSet): readonly Element[] {
  return elements ?? set.elements;
}

/** The element of exactly this key. */
export function findElement(draft: DraftSet, key: Element["key"]): Element | undefined {
  draft.byKey ??= new Map(elementsOf(draft).map((element) => [keyText(element.key), element]));
  return draft.byKey.get(keyText(key));
}

export function putElement(draft: DraftSet, element: Element): void {
  findElement(draft, element.key);
  draft.elements ??= [...draft.set.elements];
  draft.elements.push(element);
  draft.byKey?.set(keyText(element.key), element);
}

export function replaceElements(draft: DraftSet, elements: readonly Element[]): void {
  draft.elements = [...elements];
  draft.byKey = undefined;
}

function keyText(key: Element["key"]): string {
  return JSON.stringify(key.map((part) => (typeof part === "object" ? [part.first, part.last] : part)));
}

function draftTable({ chains, sets, comment, ...rest }: NftTable): DraftTable {
  return {
    ...rest,
    comment,
    chains: new Map(chains.map((chain) => [chain.name, { chain, rules: undefined }])),
    sets: new Map(sets.map((set) => [set.definition.name, { set, elements: undefined, byKey: undefined }])),
  };
}

function finishedTable({ chains, sets, ...rest }: DraftTable): NftTable {
  return {
    ...rest,
    chains: [...chains.values()].map(({ chain, rules }) => (rules === undefined ? chain : { ...chain, rules })),
    sets: [...sets.values()].map(({ set, elements }) => (elements === undefined ? set : { ...set, elements })),
  };
}
