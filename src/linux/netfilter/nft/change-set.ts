import type { Statement } from "../../../config/nft/rule-set.ts";
import type { World } from "../../world.ts";
import type { LiveElement, LiveSet } from "./nft-tables.ts";

/** net/netfilter/nft_dynset.c: a rule puts an element into a set, refreshes its time, or takes it out; false where the set is full. */
export function changeSet(
  world: World,
  rule: number,
  { operation, set: name, timeoutMs }: Extract<Statement, { statement: "change set" }>,
  key: readonly (number | string)[],
): boolean {
  const { netfilter, nftTables, nowNs } = world;
  const row = nftTables.findSet(netfilter.nftTableOf(netfilter.ruleChain.get(rule)), name);
  const set = row === 0 ? null : nftTables.set.get(row);
  if (set === null) return false;
  const existing = nftTables.lookUp(set.elements, key, nowNs);
  if (operation === "add" && existing !== undefined) return true;
  const others = set.elements.filter((one) => one !== existing && !isOver(one, nowNs));
  if (operation === "delete") {
    if (existing !== undefined) nftTables.set.set(row, { ...set, elements: others });
    return true;
  }
  if (existing === undefined && others.length >= (set.definition.size ?? Number.POSITIVE_INFINITY)) return false;
  const element = { key, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  nftTables.set.set(row, { ...set, elements: [...others, withTime(set, element, nowNs)] });
  return true;
}

/** Says until when an element stays, where it has a time. */
export function withTime({ definition }: LiveSet, { expiresMs, ...element }: LiveElement, nowNs: number): LiveElement {
  const timeoutMs = element.timeoutMs ?? definition.timeoutMs;
  if (timeoutMs === undefined || element.expiresAtNs !== undefined) return element;
  return { ...element, expiresAtNs: nowNs + (expiresMs ?? timeoutMs) * 1e6 };
}

export function isOver({ expiresAtNs }: LiveElement, nowNs: number): boolean {
  return expiresAtNs !== undefined && expiresAtNs <= nowNs;
}
