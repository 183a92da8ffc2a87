import type { Float64Column, Int32Column, ReferenceColumn } from "../../sim/column.ts";
import { PairIndex } from "../../sim/pair-index.ts";
import type { Simulation } from "../../sim/simulation.ts";
import type { Table } from "../../sim/table.ts";
import { addTimer, never, type TimerColumn } from "../../sim/timers.ts";
import { stage } from "../stage.ts";
import { type Direction, direction, status } from "./status.ts";
import type { TcpTracking } from "./tcp-window.ts";
import { equalTuples, makeTuple, type Tuple, tupleHash } from "./tuple.ts";

/** `nf_ct_resolve_clash_harder`. */
const clashTimeoutNs = 1_000_000_000;

const noTuple = makeTuple(0, 0, 0, 0, 0);

/** A connection in one of its directions. */
export interface Found {
  readonly connection: number;
  readonly direction: Direction;
}

/**
 * Connection tracking (net/netfilter/nf_conntrack_core.c). A connection is made by its first packet and belongs to it alone
 * until that packet has got through (`confirm`); from then on both its tuples are in the table, and lookups find it.
 */
export class Conntrack {
  readonly table: Table;
  readonly netns: Int32Column;
  /** As the first packet came. */
  readonly original: ReferenceColumn<Tuple>;
  /** What an answer looks like when it comes in: the inverse of `original`, unless NAT changed it. */
  readonly reply: ReferenceColumn<Tuple>;
  /** Bits of `status`. */
  readonly status: Int32Column;
  /** Of TCP: a number of `tcpState`. */
  readonly state: Int32Column;
  /** What is known of TCP's windows. */
  readonly tcp: ReferenceColumn<TcpTracking | null>;
  /** Of UDP: from then on, traffic in both directions makes it a stream (`proto.udp.stream_ts`). */
  readonly streamNs: Float64Column;
  /** When it is forgotten, once it is confirmed. */
  readonly timer: TimerColumn;
  /** How long it will be remembered from the moment when it is confirmed. */
  readonly timeoutNs: Float64Column;
  /** `CONNMARK`. */
  readonly mark: Int32Column;
  /** The device whose address a MASQUERADE gave it, or 0 (`masq_index`). */
  readonly masqueradeDevice: Int32Column;
  /** Packets that belong to it, and one more while it is in the table: `use`. */
  readonly references: Int32Column;
  /** Counts all connections ever made: what tells the newer of two. */
  readonly number: Int32Column;
  /** In a replay of captured frames: how these show it, in words; null where the kernel made it. */
  readonly evidence: ReferenceColumn<string | null>;

  private readonly byNetns: PairIndex;
  /** Confirmed connections by both their tuples. */
  private readonly tuples: HashTable;
  /** Those whose source was decided, by the source of their original direction (`nf_nat_bysource`). */
  private readonly sources: HashTable;
  private readonly counters: Table;
  private readonly made: Int32Column;
  private readonly counterRow: number;

  constructor(sim: Simulation) {
    const table = sim.addTable("connection");
    this.table = table;
    this.netns = table.int32("netns");
    this.original = table.reference("original", noTuple);
    this.reply = table.reference("reply", noTuple);
    this.status = table.int32("status");
    this.state = table.int32("state");
    this.tcp = table.reference<TcpTracking | null>("tcp", null);
    this.streamNs = table.float64("streamNs");
    this.timer = addTimer(table, sim.log, sim.timers, "timer", stage.conntrackTimeout);
    this.timeoutNs = table.float64("timeoutNs");
    this.mark = table.int32("mark");
    this.masqueradeDevice = table.int32("masqueradeDevice");
    this.references = table.int32("references");
    this.number = table.int32("number");
    this.evidence = table.reference<string | null>("evidence", null);
    this.byNetns = table.addIndex(new PairIndex(this.netns));
    this.tuples = new HashTable(sim, "connection tuple");
    this.sources = new HashTable(sim, "connection source");
    this.counters = sim.addTable("connection counter");
    this.made = this.counters.int32("made");
    this.counterRow = this.counters.allocate();
    this.counters.link(this.counterRow);
  }

  /** A connection that belongs to the packet that begins it. */
  add(netns: number, original: Tuple, reply: Tuple): number {
    const row = this.table.allocate();
    const number = this.made.get(this.counterRow) + 1;
    this.made.set(this.counterRow, number);
    this.netns.set(row, netns);
    this.original.set(row, original);
    this.reply.set(row, reply);
    this.status.set(row, 0);
    this.state.set(row, 0);
    this.tcp.set(row, null);
    this.streamNs.set(row, 0);
    this.timer.set(row, never);
    this.timeoutNs.set(row, 0);
    this.mark.set(row, 0);
    this.masqueradeDevice.set(row, 0);
    this.references.set(row, 1);
    this.number.set(row, number);
    this.evidence.set(row, null);
    this.table.link(row);
    return row;
  }

  has(row: number, bits: number): boolean {
    return (this.status.get(row) & bits) !== 0;
  }

  /** The confirmed connection that has this tuple, and in which of its directions. */
  find(netns: number, tuple: Tuple): Found | undefined {
    const { tuples } = this;
    for (let row = tuples.first(netns, tupleHash(tuple)); row !== 0; row = tuples.next(row)) {
      const connection = tuples.connection.get(row);
      const found = tuples.isReply.get(row) as Direction;
      if (equalTuples(this.tuple(connection, found), tuple)) return { connection, direction: found };
    }
    return undefined;
  }

  tuple(row: number, way: Direction): Tuple {
    return (way === direction.original ? this.original : this.reply).get(row);
  }

  /** Puts it into the table (`__nf_conntrack_hash_insert`). */
  confirm(row: number, nowNs: number): void {
    const netns = this.netns.get(row);
    this.tuples.add(netns, tupleHash(this.original.get(row)), row, direction.original);
    this.tuples.add(netns, tupleHash(this.reply.get(row)), row, direction.reply);
    this.set(row, status.confirmed);
    this.references.set(row, this.references.get(row) + 1);
    this.timer.set(row, nowNs + this.timeoutNs.get(row));
  }

  /** As far as answers go: another connection that began in the same way is in the table. It is to go away soon. */
  confirmForAnswers(row: number, nowNs: number): void {
    this.tuples.add(this.netns.get(row), tupleHash(this.reply.get(row)), row, direction.reply);
    this.set(row, status.confirmed | status.fixedTimeout | status.natClash);
    this.references.set(row, this.references.get(row) + 1);
    this.timer.set(row, nowNs + clashTimeoutNs);
  }

  /** `nf_ct_refresh`: it is remembered for so long from now, or from when it is confirmed. */
  refresh(row: number, timeoutNs: number, nowNs: number): void {
    if (this.has(row, status.dying | status.fixedTimeout)) return;
    if (this.has(row, status.confirmed)) this.timer.set(row, nowNs + timeoutNs);
    else this.timeoutNs.set(row, timeoutNs);
  }

  /** `nf_ct_delete`: lookups no longer find it; packets that belong to it keep it alive until they are gone. */
  kill(row: number): void {
    if (this.has(row, status.dying)) return;
    this.set(row, status.dying);
    if (!this.has(row, status.confirmed)) return;
    this.timer.set(row, never);
    const netns = this.netns.get(row);
    this.tuples.remove(netns, tupleHash(this.original.get(row)), row);
    this.tuples.remove(netns, tupleHash(this.reply.get(row)), row);
    this.release(row);
  }

  /** One more packet belongs to it. */
  hold(row: number): void {
    this.references.set(row, this.references.get(row) + 1);
  }

  /** One packet less belongs to it; it is gone with the last. */
  release(row: number): void {
    this.references.set(row, this.references.get(row) - 1);
    if (this.references.get(row) > 0) return;
    if (this.has(row, status.sourceNatDone))
      this.sources.remove(this.netns.get(row), sourceHash(this.original.get(row)), row);
    this.table.remove(row);
  }

  /** Its source is decided: those that come later from the same source may be given the same. */
  noteSource(row: number): void {
    this.sources.add(this.netns.get(row), sourceHash(this.original.get(row)), row, direction.original);
  }

  /** Connections that began at the same source, the newest first. */
  ofSource(netns: number, { protocol, source, sourcePort }: Tuple): readonly number[] {
    const { sources } = this;
    const rows: number[] = [];
    const hash = sourceHash({ protocol, source, sourcePort });
    for (let row = sources.first(netns, hash); row !== 0; row = sources.next(row)) {
      const connection = sources.connection.get(row);
      const original = this.original.get(connection);
      if (original.protocol === protocol && original.source === source && original.sourcePort === sourcePort)
        rows.push(connection);
    }
    return rows.sort((a, b) => this.number.get(b) - this.number.get(a));
  }

  set(row: number, bits: number): void {
    this.status.set(row, this.status.get(row) | bits);
  }

  /** The connections of a namespace, also those whose first packet is still on its way; the oldest first. */
  ofNetns(netns: number): readonly number[] {
    const rows = this.byNetns.all(netns, 0).filter((row) => !this.has(row, status.dying));
    return rows.sort((a, b) => this.number.get(a) - this.number.get(b));
  }

  /** All of them, also those that no packet has got through yet: what `nf_conntrack_count` says. */
  countOf(netns: number): number {
    let count = 0;
    for (let row = this.byNetns.find(netns, 0); row !== 0; row = this.byNetns.findNext(row)) count++;
    return count;
  }
}

function sourceHash({ protocol, source, sourcePort }: Pick<Tuple, "protocol" | "source" | "sourcePort">): number {
  return tupleHash(makeTuple(protocol, source, 0, sourcePort, 0));
}

/** Rows of a namespace by a hash, each of which stands for a connection. */
class HashTable {
  readonly connection: Int32Column;
  readonly isReply: Int32Column;
  private readonly table: Table;
  private readonly netns: Int32Column;
  private readonly hash: Float64Column;
  private readonly index: PairIndex;

  constructor(sim: Simulation, name: string) {
    this.table = sim.addTable(name);
    this.netns = this.table.int32("netns");
    this.hash = this.table.float64("hash");
    this.connection = this.table.int32("connection");
    this.isReply = this.table.int32("isReply");
    this.index = this.table.addIndex(new PairIndex(this.netns, this.hash));
  }

  first(netns: number, hash: number): number {
    return this.index.find(netns, hash);
  }

  next(row: number): number {
    return this.index.findNext(row);
  }

  add(netns: number, hash: number, connection: number, isReply: number): void {
    const row = this.table.allocate();
    this.netns.set(row, netns);
    this.hash.set(row, hash);
    this.connection.set(row, connection);
    this.isReply.set(row, isReply);
    this.table.link(row);
  }

  remove(netns: number, hash: number, connection: number): void {
    for (const row of this.index.all(netns, hash)) if (this.connection.get(row) === connection) this.table.remove(row);
  }
}
