import type { Endpoint } from "../programs/program.ts";
import type { Float64Column, Int32Column, ReferenceColumn } from "../sim/column.ts";
import { PairIndex } from "../sim/pair-index.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import { addTimer, type TimerColumn } from "../sim/timers.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import { DrawnPorts } from "./socket/drawn-ports.ts";
import type { TcpConnection } from "./socket/tcp/connection.ts";
import { stage } from "./stage.ts";

export const socketKind = { udp: 1, tcpListen: 2, tcp: 3, ping: 4, arp: 5 } as const;

/** A set of kinds: bit n for kind n. */
export type SocketKinds = number;

export const udpKinds: SocketKinds = 1 << socketKind.udp;
export const tcpKinds: SocketKinds = (1 << socketKind.tcp) | (1 << socketKind.tcpListen);
export const listenKinds: SocketKinds = 1 << socketKind.tcpListen;
export const connectionKinds: SocketKinds = 1 << socketKind.tcp;

/** Sockets of all namespaces. */
export class Sockets {
  readonly table: Table;
  readonly netns: Int32Column;
  readonly kind: Int32Column;
  /** 0: the program has closed it, and the kernel still winds the connection up. */
  readonly process: Int32Column;
  /** The program's descriptor. */
  readonly number: Float64Column;
  /** 0.0.0.0: any. */
  readonly localAddress: Float64Column;
  /** For a ping socket, the ICMP identifier. */
  readonly localPort: Float64Column;
  readonly remoteAddress: Float64Column;
  /** 0: not connected. */
  readonly remotePort: Int32Column;
  /** TCP heard of progress: its next segment confirms the next hop (`sk_dst_pending_confirm`). */
  readonly pendingConfirm: Int32Column;
  /** When its program last made TCP send something: what comes back at once finds the socket in use (`sock_owned_by_user`). */
  readonly calledNs: Float64Column;
  /** IP_TTL; 0: net.ipv4.ip_default_ttl. */
  readonly ttl: Int32Column;
  readonly connection: ReferenceColumn<TcpConnection | null>;
  /** The listener that a connection came to. */
  readonly listener: Int32Column;
  /** The device of an ARP socket. */
  readonly device: Int32Column;
  readonly retransmitTimer: TimerColumn;
  readonly delayedAckTimer: TimerColumn;
  readonly timeWaitTimer: TimerColumn;
  readonly byPort: PairIndex;
  private readonly byProcess: PairIndex;
  private readonly byOwner: PairIndex;
  private readonly byNetns: PairIndex;

  readonly drawn: DrawnPorts;

  constructor(sim: Simulation) {
    const table = sim.addTable("socket");
    this.table = table;
    this.netns = table.int32("netns");
    this.kind = table.int32("kind");
    this.process = table.int32("process");
    this.number = table.float64("number");
    this.localAddress = table.float64("localAddress");
    this.localPort = table.float64("localPort");
    this.remoteAddress = table.float64("remoteAddress");
    this.remotePort = table.int32("remotePort");
    this.ttl = table.int32("ttl");
    this.pendingConfirm = table.int32("pendingConfirm");
    this.calledNs = table.float64("calledNs");
    this.connection = table.reference<TcpConnection | null>("connection", null);
    this.listener = table.int32("listener");
    this.device = table.int32("device");
    this.retransmitTimer = addTimer(table, sim.log, sim.timers, "retransmitTimer", stage.tcpTimer);
    this.delayedAckTimer = addTimer(table, sim.log, sim.timers, "delayedAckTimer", stage.tcpDelayedAck);
    this.timeWaitTimer = addTimer(table, sim.log, sim.timers, "timeWaitTimer", stage.tcpTimeWait);
    this.byPort = table.addIndex(new PairIndex(this.netns, this.localPort));
    this.byProcess = table.addIndex(new PairIndex(this.process, this.number));
    this.byOwner = table.addIndex(new PairIndex(this.process));
    this.byNetns = table.addIndex(new PairIndex(this.netns));
    this.drawn = new DrawnPorts(sim);
  }

  add(fields: {
    netns: number;
    kind: number;
    process: number;
    number: number;
    local: Endpoint;
    remote?: Endpoint;
    ttl?: number;
    listener?: number;
    device?: number;
    connection?: TcpConnection;
  }): number {
    const row = this.table.allocate();
    this.netns.set(row, fields.netns);
    this.kind.set(row, fields.kind);
    this.process.set(row, fields.process);
    this.number.set(row, fields.number);
    this.localAddress.set(row, fields.local.address);
    this.localPort.set(row, fields.local.port);
    this.remoteAddress.set(row, fields.remote?.address ?? 0);
    this.remotePort.set(row, fields.remote?.port ?? 0);
    this.ttl.set(row, fields.ttl ?? 0);
    this.pendingConfirm.set(row, 0);
    this.calledNs.set(row, Number.NEGATIVE_INFINITY);
    this.connection.set(row, fields.connection ?? null);
    this.listener.set(row, fields.listener ?? 0);
    this.device.set(row, fields.device ?? 0);
    this.table.link(row);
    return row;
  }

  /** The socket that the program knows by this descriptor, or 0. */
  ofProcess(process: number, number: number): number {
    return this.byProcess.find(process, number);
  }

  /** All sockets of a program, oldest row first. */
  allOfProcess(process: number): readonly number[] {
    const rows: number[] = [];
    for (let row = this.byOwner.find(process, 0); row !== 0; row = this.byOwner.findNext(row)) rows.push(row);
    return rows.sort((a, b) => a - b);
  }

  /** All sockets of a namespace, lowest row first. */
  ofNetns(netns: number): readonly number[] {
    return this.byNetns.all(netns, 0);
  }

  local(row: number): Endpoint {
    return { address: this.localAddress.get(row), port: this.localPort.get(row) };
  }

  remote(row: number): Endpoint {
    return { address: this.remoteAddress.get(row), port: this.remotePort.get(row) };
  }

  /**
   * The socket that a packet from `remote` to `local` belongs to: connected ones before bound ones before those that
   * take any address (`compute_score` of net/ipv4/udp.c and inet_hashtables.c). 0 when there is none.
   */
  lookup(
    netns: number,
    kinds: SocketKinds,
    localAddress: Ipv4Address,
    localPort: number,
    remoteAddress: Ipv4Address,
    remotePort: number,
  ): number {
    let best = 0;
    let bestScore = -1;
    for (let row = this.byPort.find(netns, localPort); row !== 0; row = this.byPort.findNext(row)) {
      if ((kinds & (1 << this.kind.get(row))) === 0) continue;
      const score = this.score(row, localAddress, remoteAddress, remotePort);
      if (score > bestScore || (score === bestScore && score >= 0 && row < best)) {
        best = row;
        bestScore = score;
      }
    }
    return best;
  }

  private score(row: number, localAddress: Ipv4Address, remoteAddress: Ipv4Address, remotePort: number): number {
    const bound = this.localAddress.get(row);
    const peerPort = this.remotePort.get(row);
    if (bound !== 0 && bound !== localAddress) return -1;
    if (peerPort === 0) return bound === 0 ? 0 : 1;
    if (peerPort !== remotePort || this.remoteAddress.get(row) !== remoteAddress) return -1;
    return bound === 0 ? 2 : 3;
  }
}
