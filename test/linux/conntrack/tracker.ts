import type { NatRange } from "../../../src/config/iptables/rule-set.ts";
import { printFlow } from "../../../src/lab/inspect/print-connection.ts";
import { confirmPacket } from "../../../src/linux/conntrack/confirm.ts";
import { natRulesNeeded, setupNat } from "../../../src/linux/conntrack/nat/setup.ts";
import { natPacket } from "../../../src/linux/conntrack/nat/translate.ts";
import { connectionState } from "../../../src/linux/conntrack/state.ts";
import { trackPacket } from "../../../src/linux/conntrack/track.ts";
import { ipOf } from "../../../src/linux/netfilter/packet-ip.ts";
import { hook } from "../../../src/linux/netfilter/position.ts";
import { makeOrigin } from "../../../src/linux/packets.ts";
import { makeWorld } from "../../../src/linux/register.ts";
import { SetUp } from "../../../src/linux/setup/apply.ts";
import { stage } from "../../../src/linux/stage.ts";
import type { World } from "../../../src/linux/world.ts";
import { addTimer, type TimerColumn } from "../../../src/sim/timers.ts";
import { parseIpv4 } from "../../../src/wire/address-text.ts";
import { printIpv4 } from "../../../src/wire/frame-text.ts";
import { type Ipv4Packet, type Ipv4Payload, ipv4Packet } from "../../../src/wire/ipv4.ts";
import { type TcpFields, tcpFlag, tcpSegment } from "../../../src/wire/tcp.ts";
import { udpDatagram } from "../../../src/wire/udp.ts";

const source = { uri: "file:///tracker.k8snet", line: 1, column: 1, endLine: 1, endColumn: 1 };
export const s = 1_000_000_000;

export function address(text: string): number {
  const parsed = parseIpv4(text);
  if (parsed === undefined) throw new Error(`no address: ${text}`);
  return parsed;
}

export function ip(from: string, to: string, payload: Ipv4Payload): Ipv4Packet {
  return ipv4Packet({ source: address(from), destination: address(to), ttl: 64, payload });
}

export function udp(from: string, to: string, data = "x"): Ipv4Packet {
  const [source, sourcePort] = from.split(":");
  const [destination, destinationPort] = to.split(":");
  const payload = udpDatagram(Number(sourcePort), Number(destinationPort), new TextEncoder().encode(data));
  return ip(source, destination, payload);
}

/** `S`, `SA`, `A`, `F` … as in a trace; `seq`, `ack` and so on are absolute. */
export function tcp(from: string, to: string, flags: string, fields: Partial<TcpFields> = {}): Ipv4Packet {
  const [source, sourcePort] = from.split(":");
  const [destination, destinationPort] = to.split(":");
  const bits: Record<string, number> = {
    S: tcpFlag.syn,
    A: tcpFlag.ack,
    F: tcpFlag.fin,
    R: tcpFlag.rst,
    P: tcpFlag.psh,
  };
  const segment = tcpSegment({
    sequence: 0,
    acknowledgment: 0,
    window: 1000,
    ...fields,
    sourcePort: Number(sourcePort),
    destinationPort: Number(destinationPort),
    flags: [...flags].reduce((all, letter) => all | bits[letter], 0),
  });
  return ip(source, destination, segment);
}

/** What NAT is asked to do with new connections. */
export interface Rules {
  readonly source?: NatRange;
  readonly destination?: NatRange;
}

/** One namespace that forwards: packets pass PREROUTING and POSTROUTING, one after the other. */
export class Tracker {
  readonly world: World;
  readonly netns: number;
  private readonly rules: Rules;
  private readonly due: TimerColumn;
  private readonly orders: (() => void)[] = [];

  constructor(rules: Rules = {}, sysctls: Readonly<Record<string, number>> = {}, seed = 1) {
    this.world = makeWorld({ seed, historyBytes: 1 << 26 });
    this.rules = rules;
    const setUp = new SetUp(this.world, () => {
      throw new Error("nobody listens here");
    });
    setUp.apply({ do: "node add", node: "n", source });
    setUp.apply({ do: "netns add", netns: "n", node: "n", role: "node", source });
    for (const [key, value] of Object.entries(sysctls)) setUp.apply({ do: "sysctl", netns: "n", key, value, source });
    this.netns = setUp.netns("n");
    const { sim } = this.world;
    const orders = sim.addTable("orders of the test");
    this.due = addTimer(orders, sim.log, sim.timers, "due", stage.statement);
    sim.on(stage.statement, (row) => this.orders[row]?.());
  }

  /** Lets simulated time pass. */
  wait(durationNs: number): this {
    let isOver = false;
    this.orders[1] = () => {
      isOver = true;
    };
    this.due.set(1, this.world.nowNs + durationNs);
    while (!isOver) this.world.sim.step();
    return this;
  }

  /** Forwards a packet; says what state it had, and what became of it. */
  pass(data: Ipv4Packet): string {
    const { world } = this;
    const packet = this.put(data);
    const verdict = this.through(packet);
    const text = verdict === "accept" ? printIpv4(ipOf(world, packet)).replace(/ ttl=.*? len=\d+/, "") : verdict;
    const state = connectionState(world, packet);
    world.packets.remove(packet);
    return `${state}: ${text}`;
  }

  /** What `pass` begins with, for tests that do the steps by themselves. */
  put(data: Ipv4Packet): number {
    const { packets } = this.world;
    return packets.make(this.netns, 0, stage.ipReceive, data, makeOrigin(packets.nextName(), 0));
  }

  /** `conntrack -L`, without what passes with time. */
  list(): readonly string[] {
    return this.world.conntrack.ofNetns(this.netns).map((row) => printFlow(this.world, row));
  }

  /** How many seconds each of them is still remembered. */
  timeouts(): readonly number[] {
    const { conntrack, nowNs } = this.world;
    return conntrack.ofNetns(this.netns).map((row) => (conntrack.timer.get(row) - nowNs) / s);
  }

  private through(packet: number): string {
    const { world } = this;
    const tracked = trackPacket(world, packet);
    if (tracked !== "accept") return tracked;
    for (const at of [hook.prerouting, hook.postrouting]) {
      const manipulation = at === hook.prerouting ? "destination" : "source";
      const range = this.rules[manipulation];
      if (range !== undefined && natRulesNeeded(world, packet, at)) setupNat(world, packet, manipulation, range);
      const verdict = natPacket(world, packet, at, 0);
      if (verdict !== "accept") return verdict;
    }
    return confirmPacket(world, packet);
  }
}
