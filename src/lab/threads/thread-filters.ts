import { portsOf } from "../../linux/netfilter/subject.ts";
import type { Origin } from "../../linux/packets.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { ConditionFailure } from "../conditions/closures.ts";
import { compileCondition } from "../conditions/compile.ts";
import { Subject } from "../conditions/subject.ts";
import { ipOf } from "../why/asked.ts";
import type { ThreadFilter, ThreadFilterFacet } from "./api.ts";

type IsShown = (packet: number) => boolean;

/** See `ThreadFilterFacet`. What a filter means is found out once, and holds at every position of the run. */
export class ThreadFilters implements ThreadFilterFacet {
  private readonly world: World;
  private filter: ThreadFilter = { show: "all" };
  private isShown: IsShown | undefined;

  constructor(world: World) {
    this.world = world;
  }

  get current(): ThreadFilter {
    return this.filter;
  }

  /** Undefined where all are shown. */
  get test(): IsShown | undefined {
    return this.isShown;
  }

  set(filter: ThreadFilter): string | undefined {
    const test = this.testFor(filter);
    if (typeof test === "string") return test;
    this.filter = filter;
    this.isShown = test;
    return undefined;
  }

  private testFor(filter: ThreadFilter): IsShown | undefined | string {
    if (filter.show === "all") return undefined;
    if (filter.show === "matching") return this.matching(filter.condition);
    const packet = this.world.packets.byNumber.find(filter.threadId - 1);
    if (packet === 0) return "There is no such packet in flight";
    return filter.show === "packet" ? this.family(packet) : this.conversation(packet);
  }

  private matching(text: string): IsShown | string {
    const condition = compileCondition(text);
    if (condition.kind === "error") return condition.message;
    const { world } = this;
    const subject = new Subject(world);
    return (packet) => {
      subject.look({ timeNs: world.nowNs, stage: world.packets.stage.get(packet), walker: packet, subject: packet });
      try {
        return condition.holds(subject);
      } catch (error) {
        if (error instanceof ConditionFailure) return false;
        throw error;
      }
    };
  }

  /** A copy's name begins with that of its original, and what a packet causes tells by whom. */
  private family(packet: number): IsShown {
    const { packets } = this.world;
    const root = rootOf(packets.origin.get(packet));
    return (other) => {
      const origin = packets.origin.get(other);
      return rootOf(origin) === root || String(origin.causedBy ?? "").split(".")[0] === root;
    };
  }

  private conversation(packet: number): IsShown {
    const ends = endsOf(this.world, packet);
    const connections = new Set<number>();
    return (other) => {
      const { packets, conntrack } = this.world;
      const connection = packets.connection.get(other);
      const number = connection === 0 ? 0 : conntrack.number.get(connection);
      const isSame = endsOf(this.world, other) === ends || (number !== 0 && connections.has(number));
      // A translated packet has other ends, and the same connection.
      if (isSame && number !== 0) connections.add(number);
      return isSame;
    };
  }
}

function rootOf({ name }: Origin): string {
  return String(name).split(".")[0];
}

/** The two ends of a packet, the same for both directions; of what is no IPv4 packet, its own name. */
function endsOf(world: World, packet: number): string {
  const ip = ipOf(world, packet);
  if (ip === undefined) return `#${world.packets.origin.get(packet).name}`;
  const ports = portsOf(ip);
  const ends = [
    `${formatIpv4(ip.source)}:${ports?.source ?? ""}`,
    `${formatIpv4(ip.destination)}:${ports?.destination ?? ""}`,
  ];
  return ends.sort().join(" ");
}
