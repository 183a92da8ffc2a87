import { printElement } from "../../config/nft/print-rule.ts";
import type { LiveElement } from "../../linux/netfilter/nft/nft-tables.ts";
import type { World } from "../../linux/world.ts";
import type { Inspection } from "../protocol.ts";
import { belowNetns } from "./shown-machines.ts";
import { known, type ShownRow, tableId } from "./shown-row.ts";
import { count } from "./words.ts";

/** The sets and maps of a table of nftables, oldest first. */
export function nftSetsOf({ nftTables }: World, netns: number, table: string): readonly number[] {
  const row = nftTables.ofNetns(netns).find((one) => nftTables.nameOf(one) === table);
  return row === undefined ? [] : nftTables.setsOf(row);
}

/** What a set or map has now: elements whose time is over are not there. */
function elementTexts({ nftTables, nowNs }: World, row: number): readonly string[] {
  const set = nftTables.set.get(row);
  if (set === null) return [];
  const { keyTypes, data } = set.definition;
  const isThere = ({ expiresAtNs }: LiveElement) => expiresAtNs === undefined || expiresAtNs > nowNs;
  return set.elements.filter(isThere).map((element) => printElement(element, keyTypes, data));
}

/** A set and its elements, as one opens it. */
export function setInspection(world: World, row: number): Inspection {
  const elements = elementTexts(world, row);
  return {
    name: `@${world.nftTables.set.get(row)?.definition.name}`,
    value: count(elements.length, "element"),
    childCount: elements.length,
    children: () => elements.map((value, index) => ({ name: String(index + 1), value })),
  };
}

/** A set as views show that it changed. */
export function shownNftSet(world: World, row: number): ShownRow {
  const { namespaces, nftTables } = world;
  const netns = nftTables.setNetns.get(row);
  const name = namespaces.name.get(netns);
  const table = nftTables.nameOf(nftTables.setTable.get(row));
  const set = `@${nftTables.set.get(row)?.definition.name}`;
  const elements = elementTexts(world, row);
  return {
    id: `nftset:${name}/${table} ${set}`,
    ancestors: [tableId.rules(name, table), ...belowNetns(world, netns)],
    kind: "row",
    icon: "symbol-array",
    label: set,
    description: count(elements.length, "element"),
    title: `set ${name} ${table} ${set}`,
    text: `${set} { ${shortened(elements)} }`,
    fields: { elements: shortened(elements) },
    source: known(namespaces.source.get(netns)),
  };
}

/** A large cluster has thousands. */
const mostShown = 20;

function shortened(elements: readonly string[]): string {
  const more = elements.length - mostShown;
  return [...elements.slice(0, mostShown), ...(more > 0 ? [`… ${more} more`] : [])].join(", ");
}
