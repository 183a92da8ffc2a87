import type { World } from "../../linux/world.ts";

/** What an event did, as far as it matters to others: where it was, and whether it wrote there what others may read. */
interface Footprint {
  /** The namespace of its place; 0 for what is nobody's walk, which may touch anything. */
  readonly netns: number;
  readonly writes: boolean;
}

/**
 * Which orders need not be tried. What an event writes is known from the change log. What it reads is not: it is taken to read
 * everything of its own namespace. So two events can be exchanged if they are in different namespaces, or if neither writes anything
 * but its own packet's row, the queues, and counters.
 */
export class Commutation {
  private readonly world: World;
  /** Columns whose changes are nobody else's business. */
  private readonly harmless: ReadonlySet<unknown>;
  private readonly known: Footprint[] = [];

  constructor(world: World) {
    const { packets, devices, netfilter, namespaces, sim } = world;
    this.world = world;
    this.harmless = new Set<unknown>([
      ...[packets.table, ...packets.table.columns],
      ...[devices.rxPackets, devices.rxBytes, devices.txPackets, devices.txBytes],
      ...[netfilter.rulePackets, netfilter.ruleBytes, netfilter.chainPackets, netfilter.chainBytes],
      ...[namespaces.nextIpId, sim.underWay, ...sim.lanes],
      ...sim.tables
        .filter(({ name }) => name === "clock" || name === "packet counter")
        .flatMap(({ columns }) => columns),
    ]);
  }

  /** Whether it could matter that the events of a packet in [from, to) come before this event of another one. */
  matters(event: number, packet: number, from: number, to: number): boolean {
    const own = this.footprint(event);
    for (let other = from; other < to; other++) {
      if (this.world.sim.events.walker(other) !== packet) continue;
      const its = this.footprint(other);
      if (own.netns !== 0 && its.netns !== 0 && own.netns !== its.netns) continue;
      if (own.writes || its.writes) return true;
    }
    return false;
  }

  private footprint(event: number): Footprint {
    this.known[event] ??= this.look(event);
    return this.known[event];
  }

  private look(event: number): Footprint {
    const { sim, devices } = this.world;
    const { from, to } = sim.changesOf(event);
    let writes = false;
    sim.log.forEach(from, to, (owner) => {
      if (!this.harmless.has(owner)) writes = true;
    });
    const isWalk = sim.events.walker(event) !== 0;
    return { netns: isWalk ? devices.netns.get(sim.events.place(event)) : 0, writes };
  }
}
