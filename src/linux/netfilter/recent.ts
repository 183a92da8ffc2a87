import type { Match } from "../../config/iptables/rule-set.ts";
import type { Float64Column, Int32Column, ReferenceColumn } from "../../sim/column.ts";
import { PairIndex } from "../../sim/pair-index.ts";
import type { Simulation } from "../../sim/simulation.ts";
import type { Table } from "../../sim/table.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import type { World } from "../world.ts";
import { hook } from "./position.ts";
import type { Subject } from "./subject.ts";

/** `ip_list_tot` and the stamps that an entry keeps at most (net/netfilter/xt_recent.c). */
const mostEntries = 100;
const mostStamps = 256;

/** The lists of `-m recent`: /proc/net/xt_recent/NAME of every namespace. */
export class RecentLists {
  readonly table: Table;
  readonly netns: Int32Column;
  readonly list: ReferenceColumn<string>;
  readonly address: Float64Column;
  readonly ttl: Int32Column;
  /** When it was seen, oldest first. */
  readonly stampsNs: ReferenceColumn<readonly number[]>;
  private readonly byAddress: PairIndex;
  private readonly byNetns: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("recent");
    this.table = table;
    this.netns = table.int32("netns");
    this.list = table.reference("list", "");
    this.address = table.float64("address");
    this.ttl = table.int32("ttl");
    this.stampsNs = table.reference<readonly number[]>("stampsNs", []);
    this.byAddress = table.addIndex(new PairIndex(this.netns, this.address));
    this.byNetns = table.addIndex(new PairIndex(this.netns));
  }

  /** The entry of an address, or 0; with a TTL only one that was seen with the same. */
  find(netns: number, list: string, address: Ipv4Address, ttl: number): number {
    let row = this.byAddress.find(netns, address);
    while (row !== 0 && (this.list.get(row) !== list || (ttl !== 0 && this.ttl.get(row) !== ttl)))
      row = this.byAddress.findNext(row);
    return row;
  }

  /** The entries of a list, the one that was seen last at the end. */
  entriesOf(netns: number, list: string): readonly number[] {
    const latest = (row: number) => this.stampsNs.get(row).at(-1) ?? 0;
    return this.byNetns
      .all(netns, 0)
      .filter((row) => this.list.get(row) === list)
      .sort((a, b) => latest(a) - latest(b));
  }

  add(netns: number, list: string, address: Ipv4Address, ttl: number, nowNs: number): void {
    const entries = this.entriesOf(netns, list);
    if (entries.length >= mostEntries) this.table.remove(entries[0]);
    const row = this.table.allocate();
    this.netns.set(row, netns);
    this.list.set(row, list);
    this.address.set(row, address);
    this.ttl.set(row, ttl);
    this.stampsNs.set(row, [nowNs]);
    this.table.link(row);
  }

  touch(row: number, ttl: number, nowNs: number): void {
    this.stampsNs.set(row, [...this.stampsNs.get(row), nowNs].slice(-mostStamps));
    this.ttl.set(row, ttl);
  }
}

type RecentMatch = Extract<Match, { match: "recent" }>;

/** `recent_mt`. */
export function matchRecent(world: World, match: RecentMatch, { ip, at, netns }: Subject): boolean {
  const { recent, nowNs } = world;
  const address = ((match.side === "source" ? ip.source : ip.destination) & match.mask) >>> 0;
  // A packet that leaves has not been decremented yet.
  const ttl = at.hook === hook.output || at.hook === hook.postrouting ? ip.ttl + 1 : ip.ttl;
  const entry = recent.find(netns, match.name, address, match.ttl ? ttl : 0);
  if (entry === 0) {
    if (match.operation !== "set") return match.inverted;
    recent.add(netns, match.name, address, ttl, nowNs);
    return !match.inverted;
  }
  const found = isFound(world, match, entry);
  const result = found !== match.inverted;
  if (match.operation === "remove") recent.table.remove(entry);
  else if (match.operation === "set" || (match.operation === "update" && result)) recent.touch(entry, ttl, nowNs);
  if (match.reap && match.seconds !== undefined) reap(world, netns, match.name, match.seconds);
  return result;
}

/** Seen often enough, in the time that counts. */
function isFound({ recent, nowNs }: World, match: RecentMatch, entry: number): boolean {
  if (match.operation === "set" || match.operation === "remove") return true;
  const sinceNs = match.seconds === undefined ? Number.NEGATIVE_INFINITY : nowNs - match.seconds * 1e9;
  const hits = recent.stampsNs.get(entry).filter((stampNs) => stampNs >= sinceNs).length;
  return hits >= Math.max(1, match.hitCount ?? 0);
}

/** `recent_entry_reap`: the oldest entry of the list goes if its time is over. */
function reap({ recent, nowNs }: World, netns: number, list: string, seconds: number): void {
  const oldest = recent.entriesOf(netns, list)[0];
  if (oldest === undefined) return;
  const latestNs = recent.stampsNs.get(oldest).at(-1) ?? 0;
  if (latestNs < nowNs - seconds * 1e9) recent.table.remove(oldest);
}
