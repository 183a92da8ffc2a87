import type { SetEntry } from "../../config/ipset-command.ts";
import type { Match } from "../../config/iptables/rule-set.ts";
import type { Int32Column, ReferenceColumn } from "../../sim/column.ts";
import { PairIndex } from "../../sim/pair-index.ts";
import type { Simulation } from "../../sim/simulation.ts";
import type { Table } from "../../sim/table.ts";
import { ipProtocol, protocolNumber } from "../../wire/ipv4.ts";
import type { World } from "../world.ts";
import { isInSet, type SetSubject } from "./set-membership.ts";
import { portsOf, type Subject } from "./subject.ts";

/** Sets of addresses, networks and ports by name, as `ipset list` shows them. */
export class IpSets {
  readonly table: Table;
  readonly netns: Int32Column;
  readonly name: ReferenceColumn<string>;
  /** `hash:ip`, `hash:net`, `hash:ip,port`, … */
  readonly type: ReferenceColumn<string>;
  readonly entries: ReferenceColumn<readonly SetEntry[]>;
  /** `timeout` of `create`, in seconds: how long entries stay, 0 for ever. -1: the set knows no such thing. */
  readonly timeoutSeconds: Int32Column;
  private readonly byNetns: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("ipset");
    this.table = table;
    this.netns = table.int32("netns");
    this.name = table.reference("name", "");
    this.type = table.reference("type", "");
    this.entries = table.reference<readonly SetEntry[]>("entries", []);
    this.timeoutSeconds = table.int32("timeoutSeconds");
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

  add(netns: number, name: string, type: string, timeoutSeconds = -1): number {
    const row = this.table.allocate();
    this.netns.set(row, netns);
    this.name.set(row, name);
    this.type.set(row, type);
    this.entries.set(row, []);
    this.timeoutSeconds.set(row, timeoutSeconds);
    this.table.link(row);
    return row;
  }
}

export function matchSet(world: World, match: Extract<Match, { match: "set" }>, subject: Subject): boolean {
  const { ipSets } = world;
  const set = ipSets.find(subject.netns, match.name);
  if (set === 0) return match.inverted;
  return isInSet(ipSets.entries.get(set), match.sides, setSubject(subject), world.nowNs) !== match.inverted;
}

function setSubject({ ip }: Subject): SetSubject {
  const { source, destination, payload } = ip;
  const protocol = protocolNumber(payload);
  const ports = protocol === ipProtocol.icmp ? icmpPorts(payload) : portsOf(ip);
  return { source, destination, protocol, sourcePort: ports?.source, destinationPort: ports?.destination };
}

function icmpPorts(
  payload: Subject["ip"]["payload"],
): { readonly source: number; readonly destination: number } | undefined {
  const both = (port: number) => ({ source: port, destination: port });
  if (payload.kind === "icmp-echo") return both(payload.type << 8);
  return payload.kind === "icmp-error" || payload.kind === "icmp-other"
    ? both((payload.type << 8) | payload.code)
    : undefined;
}
