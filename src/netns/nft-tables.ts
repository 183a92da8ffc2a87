import { printNftRuleSet } from "../config/nft/print-rule-set.ts";
import { listedRuleSet } from "../linux/netfilter/nft/setup.ts";
import type { World } from "../linux/world.ts";
import type { Tables } from "./tables.ts";

/** Rules, counters and sets of nftables, as `nft list ruleset` prints them, line by line: `ip kube-proxy, chain services: …`. */

/** Tables that iptables-nft makes for itself: its rules are compared by what they do. */
const ofIptables: ReadonlySet<string> = new Set(["ip raw", "ip mangle", "ip nat", "ip filter"]);

/** The lines of a listing, each with where it stands; how long elements still stay passes with time. */
export function nftRows(listing: string, own: ReadonlySet<string>): readonly string[] {
  let table = "";
  let block = "";
  return listing.split("\n").flatMap((line) => {
    const text = line.trim().replace(/ expires \w+/g, "");
    const opened = /^(table|chain|set|map) (.*) \{$/.exec(text);
    if (opened?.[1] === "table") [table, block] = [opened[2], "itself"];
    else if (opened !== null) block = `${opened[1]} ${opened[2]}`;
    const isOther = ofIptables.has(table) && !own.has(table);
    return text === "" || text === "}" || text.startsWith("#") || isOther ? [] : [`${table}, ${block}: ${text}`];
  });
}

/** Those of the simulated kernel. */
export function simulatedNftRows(world: World, netns: number): readonly string[] {
  const { nftTables } = world;
  const own = new Set(nftTables.ofNetns(netns).map((row) => nftTables.nameOf(row)));
  return nftRows(printNftRuleSet(listedRuleSet(world, netns)), own);
}

/** The same without what counters have counted. */
export function withoutCounts(tables: Tables): Tables {
  const hide = (row: string) => row.replace(/\bcounter packets \d+ bytes \d+/g, "counter");
  return new Map([...tables].map(([name, rows]) => [name, name.endsWith(" nft") ? rows.map(hide) : rows]));
}
