import type { SetEntry } from "../../config/ipset-command.ts";
import type { Match } from "../../config/iptables/rule-set.ts";
import type { Int32Column, ReferenceColumn } from "../../sim/column.ts";
import { PairIndex } from "../../sim/pair-index.ts";
import type { Simulation } from "../../sim/simulation.ts";
import type { Table } from "../../sim/table.ts";
import { ipProtocol, protocolNumber } from "../../wire/ipv4.ts";
import { prefixContains } from "../../wire/ipv4-address.ts";
import type { World } from "../world.ts";
import { portsOf, type Subject } from "./subject.ts";

/** Sets of addresses, networks and ports by name, as `ipset list` shows them. */
export class IpSets {
  readonly table: Table;
  readonly netns: Int32Column;
  readonly name: ReferenceColumn<string>;
  /** `hash:ip`, `hash:net`, `hash:ip,port`, … */
  readonly type: ReferenceColumn<string>;
  readonly entries: ReferenceColumn<readonly SetEntry[]>;
  private readonly byNetns: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("ipset");
    this.table = table;
    this.netns = table.int32("netns");
    this.name = table.reference("name", "");
    this.type = table.reference("type", "");
    this.entries = table.reference<readonly SetEntry[]>("entries", []);
    this.byNetns = table.addIndex(new PairIndex(this.netns));
  }

  /** The set of that name, or 0. */
  find(netns: number, name: string): number {
    let row = this.byNetns.find(netns, 0);
    while (row !== 0 && this.name.get(row) !== name) row = this.byNetns.findNext(row);
    return row;
  }

  ofNetns(netns: number): readonly number[] {
    return this.byNetns.all(netns, 0);
  }

  add(netns: number, name: string, type: string): number {
    const row = this.table.allocate();
    this.netns.set(row, netns);
    this.name.set(row, name);
    this.type.set(row, type);
    this.entries.set(row, []);
    this.table.link(row);
    return row;
  }
}

/** net/netfilter/xt_set.c: each part of an entry is compared with the packet's source or destination, as the rule says. */
export function matchSet(world: World, match: Extract<Match, { match: "set" }>, subject: Subject): boolean {
  const { ipSets } = world;
  const set = ipSets.find(subject.netns, match.name);
  if (set === 0) return match.inverted;
  let best: SetEntry | undefined;
  for (const entry of ipSets.entries.get(set)) {
    if (!isIn(entry, match.sides, subject)) continue;
    if (best === undefined || prefixLengths(entry) > prefixLengths(best)) best = entry;
  }
  return (best !== undefined && !best.isException) !== match.inverted;
}

function isIn(entry: SetEntry, sides: readonly ("src" | "dst")[], { ip }: Subject): boolean {
  if (entry.parts.length > sides.length) return false;
  return entry.parts.every((part, i) => {
    const isSource = sides[i] === "src";
    if (part.kind === "net") return prefixContains(part.prefix, isSource ? ip.source : ip.destination);
    return part.protocol === protocolNumber(ip.payload) && part.port === portOf(ip, isSource);
  });
}

/** ICMP has its type and code in the place of a port. */
function portOf(ip: Subject["ip"], isSource: boolean): number | undefined {
  const { payload } = ip;
  if (protocolNumber(payload) !== ipProtocol.icmp) {
    const ports = portsOf(ip);
    return isSource ? ports?.source : ports?.destination;
  }
  if (payload.kind === "icmp-echo") return payload.type << 8;
  return payload.kind === "icmp-error" || payload.kind === "icmp-other"
    ? (payload.type << 8) | payload.code
    : undefined;
}

/** Of two networks that contain an address the smaller one is meant. */
function prefixLengths({ parts }: SetEntry): number {
  return parts.reduce((sum, part) => sum + (part.kind === "net" ? part.prefix.length : 0), 0);
}
