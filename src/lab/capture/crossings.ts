import { equalTuples, tupleOf } from "../../linux/conntrack/tuple.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import { encapsulatedFrame } from "../../wire/vxlan.ts";
import type { CapturedInterface } from "./network.ts";
import type { Sightings } from "./sightings.ts";

/** The way of one IPv4 packet through one namespace, as far as its interfaces saw it. */
export interface Crossing {
  readonly netns: string;
  /** As it came in; absent where it was made there. */
  readonly came?: Ipv4Packet;
  /** As it left; absent where it was not seen to. */
  readonly left?: Ipv4Packet;
  /** The frame by which this is known, an index of the capture's frames: its last one out, else its last one in. */
  readonly knownAt: number;
}

/** All crossings, in the order in which they begin. What a tunnel carries and the datagram that carries it cross for themselves. */
export function crossingsOf({ all }: Sightings, interfaces: readonly CapturedInterface[]): readonly Crossing[] {
  const crossings: { netns: string; came?: Ipv4Packet; left?: Ipv4Packet; knownAt: number }[] = [];
  const open = new Map<string, (typeof crossings)[number]>();
  for (const [index, { tap, direction, frame, packet }] of all.entries()) {
    const ip = ipIn(frame);
    if (ip === undefined) continue;
    const { netns, kind } = interfaces[tap];
    const key = `${packet} ${isTunnelled(ip)} ${netns}`;
    let crossing = open.get(key);
    // What comes in after it has left has come back; but a bridge hands upwards, and `lo` turns round, what is still there.
    const comesBack = direction === "in" && crossing?.left !== undefined && kind !== "bridge" && kind !== "loopback";
    if (crossing === undefined || comesBack) {
      crossing = { netns, knownAt: index, ...(direction === "in" && { came: ip }) };
      open.set(key, crossing);
      crossings.push(crossing);
    }
    // A bridge that translates sends by itself first, and by a port once the source is translated as well: the last one counts.
    if (direction === "out") crossing.left = ip;
    if (direction === "out" || crossing.left === undefined) crossing.knownAt = index;
  }
  return crossings;
}

/** A router counts down the TTL of what it passes on, a bridge does not. */
export function isBridged({ came, left }: Crossing): boolean {
  return came !== undefined && left !== undefined && came.ttl === left.ttl;
}

/** It came with other addresses or ports than it left with. */
export function isRewritten({ came, left }: Crossing): boolean {
  const before = came && tupleOf(came);
  const after = left && tupleOf(left);
  return before !== undefined && after !== undefined && !equalTuples(before, after);
}

/** The frames that left what IP had sent, by their indexes: not those that a bridge only passed on, nor those to the machine itself. */
export function sentByIp(
  { all }: Sightings,
  interfaces: readonly CapturedInterface[],
  crossings: readonly Crossing[],
): ReadonlySet<number> {
  const sent = new Set<number>();
  for (const crossing of crossings) {
    const { kind } = interfaces[all[crossing.knownAt].tap];
    if (crossing.left !== undefined && kind !== "loopback" && !isBridged(crossing)) sent.add(crossing.knownAt);
  }
  return sent;
}

function ipIn({ payload }: Pick<EthernetFrame, "payload">): Ipv4Packet | undefined {
  return payload.kind === "ipv4" ? payload : undefined;
}

function isTunnelled({ payload }: Ipv4Packet): boolean {
  return payload.kind === "udp" && encapsulatedFrame(payload) !== undefined;
}
