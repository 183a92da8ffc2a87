import { type TcpSegment, tcpFlag } from "../../wire/tcp.ts";
import type { World } from "../world.ts";
import { type Direction, direction, status } from "./status.ts";
import { ignored, invalid, kindOf, nextState, segmentKind, stateTimeout, tcpState } from "./tcp-state.ts";
import { checkWindow, endOf, firstSeen, offers, type TcpEnd, type TcpTracking, unheard } from "./tcp-window.ts";
import { conntrackSysctl, conntrackTimeoutNs } from "./timeouts.ts";
import type { Tracked } from "./track.ts";

const { fin, syn, rst, ack, urg } = tcpFlag;
/** Sets of flags that make sense; PSH, ECE and CWR do not matter (`tcp_valid_flags`). */
const validFlags: ReadonlySet<number> = new Set([
  syn,
  syn | urg,
  syn | ack,
  rst,
  rst | ack,
  fin | ack,
  fin | ack | urg,
  ack,
  ack | urg,
]);
const lookedAt = fin | syn | rst | ack | urg;

/** Kept no longer than this once a FIN or RST was out of window (`nf_tcp_handle_invalid`). */
const doubtfulNs = 120_000_000_000;

/** A segment, and what is known of its connection when it comes. */
interface Arrival {
  readonly connection: number;
  readonly way: Direction;
  readonly kind: number;
  readonly segment: TcpSegment;
  readonly state: number;
  readonly tracking: TcpTracking;
}

/** `nf_conntrack_tcp_packet`. */
export function trackTcp(world: World, connection: number, way: Direction, segment: TcpSegment): Tracked {
  const { conntrack } = world;
  if (!validFlags.has(segment.flags & lookedAt)) return "invalid";
  if (!conntrack.has(connection, status.confirmed) && !begin(world, connection, segment)) return "invalid";
  const kind = kindOf(segment);
  const state = conntrack.state.get(connection);
  const tracking = conntrack.tcp.get(connection) as TcpTracking;
  const arrival: Arrival = { connection, way, kind, segment, state, tracking };
  const next = nextState(way, kind, state);
  if (next === invalid) return "invalid";
  if (next === ignored) return passBy(world, arrival);
  if (next === tcpState.synSent && state >= tcpState.timeWait) {
    if (!mayReopen(arrival)) return passBy(world, arrival);
    conntrack.kill(connection);
    return "repeat";
  }
  if (next === tcpState.timeWait && isChallenge(arrival)) {
    conntrack.tcp.set(connection, { ...tracking, syn: tracking.syn && { ...tracking.syn, expectsChallenge: false } });
    return "accept";
  }
  if (next === tcpState.synSent2)
    return check(world, { ...arrival, tracking: { ...tracking, isSimultaneousOpen: true } }, next);
  const isOpen = way === direction.reply && kind === segmentKind.ack && tracking.isSimultaneousOpen;
  if (next === tcpState.synRecv && isOpen) return check(world, arrival, tcpState.established);
  return next === tcpState.close && kind === segmentKind.rst ? reset(world, arrival) : check(world, arrival, next);
}

/** `tcp_new`: a SYN, or any segment but a FIN or RST where `nf_conntrack_tcp_loose` lets connections be met midway. */
function begin(world: World, connection: number, segment: TcpSegment): boolean {
  const { conntrack } = world;
  const next = nextState(direction.original, kindOf(segment), tcpState.none);
  if (next === invalid) return false;
  const netns = conntrack.netns.get(connection);
  if (next !== tcpState.synSent && conntrackSysctl(world, netns, "nf_conntrack_tcp_loose") === 0) return false;
  conntrack.state.set(connection, tcpState.none);
  conntrack.tcp.set(connection, firstSeen(segment));
  return true;
}

/** A connection that was closed in order, or reset by the one who now begins anew, makes room for another. */
function mayReopen({ tracking, way }: Arrival): boolean {
  const { ends, last } = tracking;
  if (ends[0].closedFirst || ends[1].closedFirst) return true;
  return last.direction === way && last.kind === segmentKind.rst;
}

/** RFC 5961: the answer to a SYN out of place is an ACK, which must not be taken for that of a FIN. */
function isChallenge({ state, kind, way, tracking: { last, syn: unbelieved } }: Arrival): boolean {
  const followsSyn = last.direction !== way && last.kind === segmentKind.syn;
  return state === tcpState.lastAck && kind === segmentKind.ack && followsSyn && unbelieved?.expectsChallenge === true;
}

/**
 * Segments that show that the ends may know better: let through and remembered; an answer that agrees with them puts us in
 * step.
 */
function passBy(world: World, arrival: Arrival): Tracked {
  const { connection, kind, way, segment, state, tracking } = arrival;
  const { last } = tracking;
  const agrees = last.kind === segmentKind.syn && last.direction !== way && segment.acknowledgment === last.end;
  if (kind === segmentKind.synAck && agrees) return getInStep(world, arrival);
  const offered = kind === segmentKind.syn && way === direction.original ? offers(segment) : undefined;
  const isAnswerToSyn = state === tcpState.synSent && kind === segmentKind.ack && way === direction.reply;
  world.conntrack.tcp.set(connection, {
    ...tracking,
    last: {
      direction: way,
      kind,
      sequence: segment.sequence,
      ack: isAnswerToSyn ? segment.acknowledgment : last.ack,
      end: endOf(segment),
      window: segment.window,
    },
    syn: offered === undefined ? tracking.syn : { ...offered, expectsChallenge: state === tcpState.lastAck },
  });
  return "accept";
}

/** A SYN that was passed by is answered: what it said holds, and the connection begins anew. */
function getInStep(world: World, arrival: Arrival): Tracked {
  const { last, syn: believed } = arrival.tracking;
  const asker: TcpEnd = {
    ...unheard,
    end: last.end,
    maximumEnd: last.end,
    maximumWindow: last.window || 1,
    scale: believed?.scale ?? 0,
    hasScale: believed?.hasScale ?? false,
    permitsSack: believed?.permitsSack ?? false,
  };
  const ends: [TcpEnd, TcpEnd] = arrival.way === direction.reply ? [asker, unheard] : [unheard, asker];
  const tracking = { ...arrival.tracking, ends };
  return check(world, { ...arrival, state: tcpState.synSent, tracking }, tcpState.synRecv);
}

/** A reset closes the connection where it is believable (RFC 5961 section 3.2). */
function reset(world: World, arrival: Arrival): Tracked {
  const { connection, way, segment, state, tracking } = arrival;
  const { conntrack } = world;
  if (state >= tcpState.finWait && state <= tcpState.close) return accept(world, arrival, tcpState.close);
  const { last } = tracking;
  const acknowledged = tracking.ends[1 - way].maximumAck;
  const isAssured = conntrack.has(connection, status.assured);
  const isOpen = state === tcpState.established && isAssured;
  if (acknowledged !== undefined && last.kind !== segmentKind.syn) {
    if (segment.sequence === 0 && !isOpen) return check(world, arrival, tcpState.close);
    const isLate = ((segment.sequence - acknowledged) | 0) < 0;
    const netns = conntrack.netns.get(connection);
    if (isLate && conntrackSysctl(world, netns, "nf_conntrack_tcp_ignore_invalid_rst") === 0) return "invalid";
    const isExact = segment.sequence === acknowledged;
    const endsTrain = last.kind === segmentKind.ack && last.direction === way && segment.sequence === last.end;
    if (isOpen && !isExact && !endsTrain) return check(world, arrival, state);
    return check(world, arrival, tcpState.close);
  }
  const answersIgnored =
    (conntrack.has(connection, status.seenReply) && last.kind === segmentKind.syn) ||
    (!isAssured && last.kind === segmentKind.ack);
  if (answersIgnored && segment.acknowledgment === last.end) return accept(world, arrival, tcpState.close);
  const followsChallenge =
    state === tcpState.synSent && last.kind === segmentKind.ack && last.direction === direction.reply;
  if (followsChallenge && segment.sequence === last.ack) return accept(world, arrival, tcpState.close);
  return check(world, arrival, tcpState.close);
}

function check(world: World, arrival: Arrival, next: number): Tracked {
  const { conntrack } = world;
  const { connection, way, kind, segment, state, tracking } = arrival;
  const isLiberal = conntrackSysctl(world, conntrack.netns.get(connection), "nf_conntrack_tcp_be_liberal") !== 0;
  const checked = checkWindow(tracking, state, way, kind, segment, isLiberal);
  if (checked.result === "accept") return accept(world, { ...arrival, tracking: checked.tracking }, next);
  conntrack.tcp.set(connection, checked.tracking);
  if (checked.result === "ignore") return "accept";
  doubt(world, { ...arrival, tracking: checked.tracking });
  return "invalid";
}

/** `nf_tcp_handle_invalid`: ends that close in both directions, though out of window, are not remembered for days. */
function doubt(world: World, { connection, way, kind, tracking }: Arrival): void {
  const { conntrack, nowNs } = world;
  if (!conntrack.has(connection, status.assured)) return;
  if (kind !== segmentKind.rst && kind !== segmentKind.fin) return;
  const { last } = tracking;
  if (last.direction !== way && (last.kind === segmentKind.fin || last.kind === segmentKind.rst)) {
    const netns = conntrack.netns.get(connection);
    const leftNs = conntrack.timer.get(connection) - nowNs;
    const timeoutNs = conntrackTimeoutNs(world, netns, "nf_conntrack_tcp_timeout_unacknowledged");
    if (leftNs >= doubtfulNs && leftNs > timeoutNs) conntrack.refresh(connection, timeoutNs, nowNs);
  } else {
    conntrack.tcp.set(connection, { ...tracking, last: { ...last, kind, direction: way } });
  }
}

/** The segment is believed. */
function accept(world: World, arrival: Arrival, next: number): Tracked {
  const { conntrack, nowNs } = world;
  const { connection, way, kind, state } = arrival;
  const tracking = withClosing(
    { ...arrival.tracking, last: { ...arrival.tracking.last, kind, direction: way } },
    arrival,
    next,
  );
  conntrack.state.set(connection, next);
  conntrack.tcp.set(connection, tracking);
  let timeoutNs = timeoutOf(world, connection, tracking, kind, next);
  if (!conntrack.has(connection, status.seenReply)) {
    // Only a reset: there was no connection. A repeated SYN does not keep it alive.
    if (kind === segmentKind.rst) conntrack.kill(connection);
    if (kind === segmentKind.rst || (kind === segmentKind.syn && state === tcpState.synSent)) return "accept";
    const unacknowledgedNs = timeout(world, connection, "nf_conntrack_tcp_timeout_unacknowledged");
    if (next === tcpState.established) timeoutNs = Math.min(timeoutNs, unacknowledgedNs);
  } else if (next === tcpState.established && (state === tcpState.synRecv || state === tcpState.established)) {
    conntrack.set(connection, status.assured);
  }
  conntrack.refresh(connection, timeoutNs, nowNs);
  return "accept";
}

function withClosing(tracking: TcpTracking, { way, state }: Arrival, next: number): TcpTracking {
  if (next !== tcpState.finWait || state === tcpState.finWait) return tracking;
  const [first, second] = tracking.ends;
  const ends: [TcpEnd, TcpEnd] =
    way === direction.original ? [{ ...first, closedFirst: true }, second] : [first, { ...second, closedFirst: true }];
  return { ...tracking, ends };
}

function timeoutOf(world: World, connection: number, tracking: TcpTracking, kind: number, next: number): number {
  const netns = world.conntrack.netns.get(connection);
  const ofStateNs = timeout(world, connection, stateTimeout(next));
  const retransmittingNs = timeout(world, connection, "nf_conntrack_tcp_timeout_max_retrans");
  const unacknowledgedNs = timeout(world, connection, "nf_conntrack_tcp_timeout_unacknowledged");
  if (
    tracking.retransmissions >= conntrackSysctl(world, netns, "nf_conntrack_tcp_max_retrans") &&
    ofStateNs > retransmittingNs
  )
    return retransmittingNs;
  if (kind === segmentKind.rst) return timeout(world, connection, "nf_conntrack_tcp_timeout_close");
  const hasUnacknowledged = tracking.ends[0].hasUnacknowledged || tracking.ends[1].hasUnacknowledged;
  if (hasUnacknowledged && ofStateNs > unacknowledgedNs) return unacknowledgedNs;
  return tracking.last.window === 0 && ofStateNs > retransmittingNs ? retransmittingNs : ofStateNs;
}

function timeout(world: World, connection: number, name: Parameters<typeof conntrackTimeoutNs>[2]): number {
  return conntrackTimeoutNs(world, world.conntrack.netns.get(connection), name);
}
