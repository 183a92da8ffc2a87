import type { Float64Column, Int32Column, ReferenceColumn } from "../sim/column.ts";
import { NumberedRows } from "../sim/numbered-rows.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import type { EthernetFrame } from "../wire/ethernet.ts";
import type { Ipv4Packet } from "../wire/ipv4.ts";
import type { Conntrack } from "./conntrack/connections.ts";
import type { BridgeInfo, HookPosition } from "./netfilter/position.ts";

/** What travels: with its link header while on a link, without one above it. */
export type PacketData = EthernetFrame | Ipv4Packet;

/** Text only where there is more to say than a number: names are made for every packet. */
export type PacketName = number | string;

/** Where a packet comes from; one value for its whole walk, shared by nobody. */
export interface Origin {
  /** 12, or `12.3` for the third copy of it. */
  readonly name: PacketName;
  /** The packet that caused this one: the asker of a reply, the packet that waits for this ARP request. */
  readonly causedBy?: PacketName;
  /** What that packet carried, to print it when it is gone. */
  readonly causeData?: PacketData | null;
  /** The process that sent it, or whose packet caused it; 0 when none is to blame. */
  readonly process: number;
  /** The packet that this one is a copy of. */
  readonly copyOf?: Ancestor;
  /** Bridges that flooded it, newest first: a loop meets one twice. */
  readonly flooded?: Flooded;
}

/** A packet by what the recording knows of it. */
export interface Ancestor {
  readonly number: number;
  /** The event that made it. */
  readonly bornAt: number;
  readonly copyOf?: Ancestor;
}

export interface Flooded {
  readonly bridge: number;
  readonly before?: Flooded;
}

/** Origins are made for every packet, so they all have one shape. */
export function makeOrigin(
  name: PacketName,
  process: number,
  causedBy?: PacketName,
  causeData?: PacketData | null,
  copyOf?: Ancestor,
  flooded?: Flooded,
): Origin {
  return { name, process, causedBy, causeData, copyOf, flooded };
}

/** The packets in flight: the walkers of the simulation. */
export class Packets {
  readonly table: Table;
  readonly data: ReferenceColumn<PacketData | null>;
  readonly origin: ReferenceColumn<Origin>;
  /** The stage to run next. */
  readonly stage: Int32Column;
  /** The device where that stage runs; 0 before routing has chosen one. */
  readonly device: Int32Column;
  readonly netns: Int32Column;
  /** Counts all packets ever made; the number in its name. */
  readonly number: Int32Column;
  /** Finds packets by their numbers. */
  readonly byNumber: NumberedRows;
  /** The event that made it. */
  readonly bornAt: Int32Column;
  /** The device it came in by, 0 for one made here. */
  readonly inDevice: Int32Column;
  /** 1: its frame was addressed to the bridge port that it came in by, and so to this machine. */
  readonly isForPort: Int32Column;
  readonly outDevice: Int32Column;
  /** The address to resolve on `outDevice`. */
  readonly nextHop: Float64Column;
  /** 1: its sender knows that the next hop works (`dst_pending_confirm`). */
  readonly confirms: Int32Column;
  /** What its fragments may measure, where it must be fragmented. */
  readonly fragmentMtu: Int32Column;
  /** 1: it goes back to the link that it came from, and its sender is on it (`IPSKB_DOREDIRECT`). */
  readonly mayRedirect: Int32Column;
  /** The next packet in the queue that this one waits in; 0 at its end. */
  readonly next: Int32Column;
  /** 1: it has waited for a neighbour's address, so that the call that sent it is over. */
  readonly hasWaited: Int32Column;
  /** Why it is to be dropped: a number of `dropReasonNames`. */
  readonly dropReason: Int32Column;
  /** 1 once netfilter has to do with it, or a tunnel's shortcut. Until then all of the following hold nothing, and cost nothing. */
  readonly inNetfilter: Int32Column;
  /** 1: the device takes it as its own, whomever the frame is addressed to (`PACKET_HOST`). */
  readonly isOwn: Int32Column;
  /** `skb->mark`: what rules wrote on it. */
  readonly mark: Int32Column;
  /** The connection that it belongs to: a row of conntrack, or 0. */
  readonly connection: Int32Column;
  /** `enum ip_conntrack_info`; means nothing without a connection, except 7: untracked. */
  readonly ctInfo: Int32Column;
  /** How far it has come at a hook of netfilter; null where it is at none. */
  readonly hookAt: ReferenceColumn<HookPosition | null>;
  /** What a bridge that calls these hooks keeps with it (`skb->nf_bridge`). */
  readonly bridgeInfo: ReferenceColumn<BridgeInfo | null>;
  /** Bridges and routers passed. */
  readonly hops: Int32Column;
  /** Copies made of it so far. */
  readonly copies: Int32Column;

  private readonly sim: Simulation;
  private readonly conntrack: Conntrack;
  private readonly counters: Table;
  private readonly made: Int32Column;
  private readonly counterRow: number;

  constructor(sim: Simulation, conntrack: Conntrack) {
    this.sim = sim;
    this.conntrack = conntrack;
    const table = sim.addTable("packet");
    this.table = table;
    this.data = table.reference<PacketData | null>("data", null);
    this.origin = table.reference<Origin>("origin", makeOrigin(0, 0));
    this.stage = table.int32("stage");
    this.device = table.int32("device");
    this.netns = table.int32("netns");
    this.number = table.int32("number");
    this.byNumber = table.addIndex(new NumberedRows(table, this.number));
    this.bornAt = table.int32("bornAt");
    this.inDevice = table.int32("inDevice");
    this.isForPort = table.int32("isForPort");
    this.outDevice = table.int32("outDevice");
    this.nextHop = table.float64("nextHop");
    this.confirms = table.int32("confirms");
    this.fragmentMtu = table.int32("fragmentMtu");
    this.mayRedirect = table.int32("mayRedirect");
    this.next = table.int32("next");
    this.hasWaited = table.int32("hasWaited");
    this.dropReason = table.int32("dropReason");
    this.inNetfilter = table.int32("inNetfilter");
    this.isOwn = table.int32("isOwn");
    this.mark = table.int32("mark");
    this.connection = table.int32("connection");
    this.ctInfo = table.int32("ctInfo");
    this.hookAt = table.reference<HookPosition | null>("hookAt", null);
    this.bridgeInfo = table.reference<BridgeInfo | null>("bridgeInfo", null);
    this.hops = table.int32("hops");
    this.copies = table.int32("copies");
    this.counters = sim.addTable("packet counter");
    this.made = this.counters.int32("made");
    this.counterRow = this.counters.allocate();
    this.counters.link(this.counterRow);
    sim.setWalkers({ table, stage: this.stage, place: this.device, number: this.number });
  }

  /** Makes a packet that will run `stage` next; it must then be put under way, in a lane or in a queue. */
  make(netns: number, device: number, stage: number, data: PacketData, origin: Origin): number {
    const packet = this.table.allocate();
    const number = this.made.get(this.counterRow) + 1;
    this.made.set(this.counterRow, number);
    this.data.set(packet, data);
    this.origin.set(packet, origin);
    this.stage.set(packet, stage);
    this.device.set(packet, device);
    this.netns.set(packet, netns);
    this.number.set(packet, number);
    this.bornAt.set(packet, this.sim.position - 1);
    this.inDevice.set(packet, 0);
    this.isForPort.set(packet, 0);
    this.outDevice.set(packet, 0);
    this.nextHop.set(packet, 0);
    this.confirms.set(packet, 0);
    this.fragmentMtu.set(packet, 0);
    this.mayRedirect.set(packet, 0);
    this.next.set(packet, 0);
    this.hasWaited.set(packet, 0);
    this.dropReason.set(packet, 0);
    // What the row's last owner left of netfilter's.
    if (this.inNetfilter.get(packet) === 1) {
      this.isOwn.set(packet, 0);
      this.mark.set(packet, 0);
      this.connection.set(packet, 0);
      this.ctInfo.set(packet, 0);
      this.hookAt.set(packet, null);
      this.bridgeInfo.set(packet, null);
      this.inNetfilter.set(packet, 0);
    }
    this.hops.set(packet, 0);
    this.copies.set(packet, 0);
    this.table.link(packet);
    return packet;
  }

  /** How many packets were ever made. */
  get count(): number {
    return this.made.get(this.counterRow);
  }

  /** The name that a new packet gets when it is nobody's copy. */
  nextName(): PacketName {
    return this.made.get(this.counterRow) + 1;
  }

  /** The origin of a packet that `cause` gives rise to. */
  causedBy(cause: number): Origin {
    const origin = this.origin.get(cause);
    return makeOrigin(this.nextName(), origin.process, origin.name, this.data.get(cause));
  }

  /** A copy that carries on at `stage`; named after its parent. */
  copy(parent: number, device: number, stage: number, flooded: Flooded | undefined): number {
    const origin = this.origin.get(parent);
    const nth = this.copies.get(parent) + 1;
    this.copies.set(parent, nth);
    const copyOf = { number: this.number.get(parent), bornAt: this.bornAt.get(parent), copyOf: origin.copyOf };
    const { causedBy, causeData, process } = origin;
    const own = makeOrigin(`${origin.name}.${nth}`, process, causedBy, causeData, copyOf, flooded);
    const copy = this.make(this.netns.get(parent), device, stage, this.data.get(parent) as PacketData, own);
    this.inDevice.set(copy, this.inDevice.get(parent));
    this.hops.set(copy, this.hops.get(parent));
    if (this.inNetfilter.get(parent) === 1) {
      this.inNetfilter.set(copy, 1);
      this.mark.set(copy, this.mark.get(parent));
      this.ctInfo.set(copy, this.ctInfo.get(parent));
      this.bridgeInfo.set(copy, this.bridgeInfo.get(parent));
      this.attach(copy, this.connection.get(parent));
    }
    return copy;
  }

  /** It belongs to this connection from now on, and to no other; 0: to none. */
  attach(packet: number, connection: number): void {
    const before = this.connection.get(packet);
    if (before === connection) return;
    this.inNetfilter.set(packet, 1);
    this.connection.set(packet, connection);
    if (connection !== 0) this.conntrack.hold(connection);
    if (before !== 0) this.conntrack.release(before);
  }

  /** A shortcut brings it to a device here as if it were addressed to it. */
  takeAsOwn(packet: number): void {
    this.inNetfilter.set(packet, 1);
    this.isOwn.set(packet, 1);
  }

  /** What a device between machines takes away: the connection and the bridge's notes, and the mark where it leaves its namespace (`skb_scrub_packet`). */
  scrub(packet: number, leavesNetns: boolean): void {
    if (this.inNetfilter.get(packet) === 0) return;
    this.attach(packet, 0);
    this.isOwn.set(packet, 0);
    this.ctInfo.set(packet, 0);
    this.bridgeInfo.set(packet, null);
    this.fragmentMtu.set(packet, 0);
    if (leavesNetns) this.mark.set(packet, 0);
  }

  /** Its fragments may not be larger than the MTU, nor than those that it was put together of. */
  limitFragments(packet: number, mtu: number): void {
    const before = this.fragmentMtu.get(packet);
    this.fragmentMtu.set(packet, before === 0 ? mtu : Math.min(before, mtu));
  }

  /** Ends the walk of the packet that is under way. */
  end(packet: number): void {
    this.sim.underWay.pop();
    this.remove(packet);
  }

  /** Takes away a packet that is not under way. */
  remove(packet: number): void {
    if (this.connection.get(packet) !== 0) this.attach(packet, 0);
    this.table.remove(packet);
  }
}
