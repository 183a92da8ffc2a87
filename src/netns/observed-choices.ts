import { anyPort, type Choices } from "../linux/choices.ts";
import { equalTuples, makeTuple, type Tuple } from "../linux/conntrack/tuple.ts";
import { type TimerWheel, wheelExpiryNs } from "../linux/timer-wheel.ts";
import type { Endpoint } from "../programs/program.ts";
import { arpOperation } from "../wire/arp.ts";
import { transportOf } from "../wire/frame-text.ts";
import { ipProtocol } from "../wire/ipv4.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import { type SeenFrame, splitDevice } from "./capture.ts";
import type { ObservedConnection } from "./connection-events.ts";
import type { Observation } from "./observation.ts";
import type { ReachableTimes } from "./reachable-times.ts";

/** A connection whose answers look otherwise on Linux, by a choice that the simulated kernel does not have. */
export interface Refusal {
  readonly netns: string;
  readonly timeNs: number;
  readonly original: Tuple;
  readonly linux: Tuple;
  readonly simulated: Tuple;
}

/** A program that lets its packet wait for ARP sends it so long after its socket was opened, at most. */
const longestWaitNs = 4_000_000_000;
/** How far apart the two kernels may be in what they do at once. */
const skewNs = 100_000_000;
/** TCP tries again after a second: what began later was another attempt. */
const attemptNs = 500_000_000;

/** The first packet of a conversation, where it began. */
interface Beginning {
  readonly timeNs: number;
  readonly tuple: Tuple;
}

/** What Linux chose, as its captures and its connections show it. */
export class ObservedChoices implements Choices {
  readonly timerWheel: TimerWheel | undefined;
  readonly refusals: Refusal[] = [];
  private readonly reachableTimes: ReachableTimes;
  private readonly bridgeTimersNs: ReadonlyMap<string, number>;
  private readonly connections: readonly ObservedConnection[];
  /** When devices sent questions and answers, by what these were. */
  private readonly arp: ReadonlyMap<string, readonly number[]>;
  /** Namespaces whose connections are known. */
  private readonly watched: ReadonlySet<string>;
  /** Packets as they were seen. */
  private readonly sightings: readonly Sighting[];
  /** By namespace, earliest first. */
  private readonly beginnings: ReadonlyMap<string, readonly Beginning[]>;

  constructor({ reachableTimes, bridgeTimersNs, timerWheel, frames, connections, watched }: Observation) {
    this.reachableTimes = reachableTimes;
    this.bridgeTimersNs = bridgeTimersNs;
    this.timerWheel = timerWheel;
    this.connections = connections;
    this.arp = arpSent(frames);
    this.watched = new Set(watched);
    this.sightings = frames.flatMap(sightingOf);
    this.beginnings = beginningsOf(frames, connections);
  }

  reachableTimeNs(netns: string, dev: string): number | undefined {
    return this.reachableTimes.get(`${netns}/${dev}`);
  }

  firstAgeNs(netns: string, dev: string, ageingTimeNs: number): number | undefined {
    let dueNs = this.bridgeTimersNs.get(`${netns}/${dev}`);
    if (dueNs === undefined) return undefined;
    // It looked before the scenario began, and found nothing.
    while (dueNs <= 0) dueNs += ageingTimeNs;
    return this.timerWheel === undefined ? dueNs : wheelExpiryNs(this.timerWheel, dueNs - ageingTimeNs, dueNs);
  }

  askedNs(netns: string, dev: string, address: Ipv4Address, fromNs: number, toNs: number): number | undefined {
    return this.arpSentNs(`${netns}/${dev} who-has ${address}`, fromNs, toNs);
  }

  proxiedNs(
    netns: string,
    dev: string,
    { address, asker }: { readonly address: Ipv4Address; readonly asker: Ipv4Address },
    fromNs: number,
    toNs: number,
  ): number | undefined {
    return this.arpSentNs(`${netns}/${dev} ${address} is-at ${asker}`, fromNs, toNs);
  }

  private arpSentNs(name: string, fromNs: number, toNs: number): number | undefined {
    return this.arp.get(name)?.find((timeNs) => timeNs > fromNs && timeNs < toNs);
  }

  localPorts(netns: string, protocol: number, remote: Endpoint, nowNs: number): readonly number[] {
    return (this.beginnings.get(netns) ?? []).flatMap(({ tuple, timeNs }) => {
      const isTo = tuple.destination === remote.address && tuple.destinationPort === remote.port;
      const isThen = timeNs > nowNs - skewNs && timeNs < nowNs + longestWaitNs;
      return isTo && isThen && tuple.protocol === protocol ? [tuple.sourcePort] : [];
    });
  }

  answers(netns: string, original: Tuple, nowNs: number): Tuple | undefined {
    const nearest = this.connection(netns, original, nowNs);
    if (nearest !== undefined && Math.abs(nearest.timeNs - nowNs) < attemptNs) return nearest.answers;
    return this.lost(netns, original, nowNs);
  }

  /**
   * The packet was lost before its connection was confirmed. It may have been seen when it had been translated; if not, it is taken for one that was
   * to return to its sender, which a bridge without hairpin mode does not let pass.
   */
  private lost(netns: string, original: Tuple, nowNs: number): Tuple | undefined {
    if (!this.watched.has(netns)) return undefined;
    const { protocol, source, sourcePort } = original;
    const seen = this.sightings.find(
      ({ tuple, timeNs, netns: where }) =>
        where === netns &&
        Math.abs(timeNs - nowNs) < skewNs &&
        tuple.protocol === protocol &&
        tuple.sourcePort === sourcePort &&
        tuple.destination !== original.destination,
    );
    const to = seen?.tuple ?? { destination: source, destinationPort: anyPort };
    return makeTuple(protocol, to.destination, source, to.destinationPort, sourcePort);
  }

  refused(netns: string, original: Tuple, simulated: Tuple, nowNs: number): void {
    const seen = this.connection(netns, original, nowNs);
    if (seen !== undefined && Math.abs(seen.timeNs - nowNs) < attemptNs)
      this.refusals.push({ netns, timeNs: seen.timeNs, original, linux: seen.answers, simulated });
  }

  /** The nearest in time, since the same may begin again. */
  private connection(netns: string, original: Tuple, nowNs: number): ObservedConnection | undefined {
    let nearest: ObservedConnection | undefined;
    for (const one of this.connections) {
      if (one.netns !== netns || !equalTuples(one.original, original)) continue;
      if (nearest === undefined || Math.abs(one.timeNs - nowNs) < Math.abs(nearest.timeNs - nowNs)) nearest = one;
    }
    return nearest;
  }
}

function arpSent(frames: readonly SeenFrame[]): ReadonlyMap<string, readonly number[]> {
  const times = new Map<string, number[]>();
  for (const { device, direction, frame, timeNs } of frames) {
    const { payload: arp } = frame;
    if (arp.kind !== "arp" || direction !== "out") continue;
    const isQuestion = arp.operation === arpOperation.request;
    const name = `${device} ${isQuestion ? `who-has ${arp.targetIp}` : `${arp.senderIp} is-at ${arp.targetIp}`}`;
    times.set(
      name,
      [...(times.get(name) ?? []), timeNs].sort((a, b) => a - b),
    );
  }
  return times;
}

/** What namespaces began to send: as their frames show it and, before it was translated, their connections. */
function beginningsOf(
  frames: readonly SeenFrame[],
  connections: readonly ObservedConnection[],
): ReadonlyMap<string, readonly Beginning[]> {
  const beginnings = new Map<string, Beginning[]>();
  const known = new Set<string>();
  const note = (netns: string, tuple: Tuple, timeNs: number) => {
    const name = nameOf(netns, tuple);
    if (known.has(name)) return;
    known.add(name).add(nameOf(netns, answerTo(tuple)));
    beginnings.set(netns, [...(beginnings.get(netns) ?? []), { timeNs, tuple }]);
  };
  const sightings = [
    ...connections.map(({ netns, original, timeNs }) => ({ netns, tuple: original, timeNs, isSent: true })),
    ...frames.flatMap(sightingOf),
  ].sort((a, b) => a.timeNs - b.timeNs);
  for (const { netns, tuple, timeNs, isSent } of sightings) {
    if (isSent) note(netns, tuple, timeNs);
    // What came in from elsewhere is not begun here, and neither are the answers to it.
    else for (const one of [tuple, answerTo(tuple)]) known.add(nameOf(netns, one));
  }
  return beginnings;
}

interface Sighting extends Beginning {
  readonly netns: string;
  readonly isSent: boolean;
}

function sightingOf({ device, direction, frame: { payload }, timeNs }: SeenFrame): readonly Sighting[] {
  const transport = payload.kind === "ipv4" ? transportOf(payload) : undefined;
  if (payload.kind !== "ipv4" || (transport?.kind !== "tcp" && transport?.kind !== "udp")) return [];
  const { source, destination } = payload;
  const { netns, dev } = splitDevice(device);
  const protocol = ipProtocol[transport.kind];
  const tuple = makeTuple(protocol, source, destination, transport.sourcePort, transport.destinationPort);
  return [{ netns, tuple, timeNs, isSent: direction === "out" || dev === "lo" }];
}

function answerTo({ protocol, source, destination, sourcePort, destinationPort }: Tuple): Tuple {
  return makeTuple(protocol, destination, source, destinationPort, sourcePort);
}

function nameOf(netns: string, { protocol, source, destination, sourcePort, destinationPort }: Tuple): string {
  return `${netns} ${protocol} ${source}:${sourcePort} ${destination}:${destinationPort}`;
}
