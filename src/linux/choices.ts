import type { Endpoint } from "../programs/program.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import type { Tuple } from "./conntrack/tuple.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import type { World } from "./world.ts";

/**
 * What Linux draws at random, where it has been seen to draw: then the simulated kernel draws the same, if it is one of the things
 * that could be drawn. Namespaces and devices have the plan's names. Pure, since a replay asks again.
 */
export interface Choices {
  /** `neigh->parms->reachable_time` of a device, `pod1` and `eth0`; undefined leaves it to the seed. */
  reachableTimeNs(netns: string, dev: string): number | undefined;
  /** When a bridge that is set up at the beginning first looks for addresses that have been silent for the ageing time. */
  firstAgeNs?(netns: string, dev: string, ageingTimeNs: number): number | undefined;
  /** Where the machine's timer wheel stands; without it, timers fire on time. */
  readonly timerWheel?: TimerWheel;
  /** When a device first asked by ARP for this address in that stretch of time: then the timer fired. */
  askedNs?(netns: string, dev: string, address: Ipv4Address, fromNs: number, toNs: number): number | undefined;
  /** When it first answered this asker for that address, in the place of its owner: after a delay that is drawn. */
  proxiedNs?(
    netns: string,
    dev: string,
    arp: { readonly address: Ipv4Address; readonly asker: Ipv4Address },
    fromNs: number,
    toNs: number,
  ): number | undefined;
  /** Ports that sockets were given which were opened about then and spoke to this endpoint; the earliest first. */
  localPorts?(netns: string, protocol: number, remote: Endpoint, nowNs: number): readonly number[];
  /** What answers to a connection looked like that began about then: what NAT made of it. They come from `anyPort` where that is not known. */
  answers?(netns: string, original: Tuple, nowNs: number): Tuple | undefined;
  /** Told when both sides of a connection are decided and its answers will be others, since those could not be drawn. */
  refused?(netns: string, original: Tuple, answers: Tuple, nowNs: number): void;
}

export const anyPort = 0;

/** What answers to this packet's new connection were seen to look like; undefined leaves it to the seed. */
export function seenAnswers(world: World, connection: number): Tuple | undefined {
  const { choices, conntrack, namespaces, nowNs } = world;
  if (choices?.answers === undefined || connection === 0) return undefined;
  const netns = namespaces.name.get(conntrack.netns.get(connection));
  return choices.answers(netns, conntrack.original.get(connection), nowNs);
}
