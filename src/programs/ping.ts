import { formatIpv4, type Ipv4Address } from "../wire/ipv4-address.ts";
import { icmpErrorText, pingHeadText, type RoundTrips, statisticsText, tripTimeText } from "./ping-text.ts";
import type { Program, ProgramEffect, ProgramInput, ProgramResult, ProgramStep, SocketError } from "./program.ts";
import { errorText } from "./socket-error.ts";
import { microsecondNs, millisecondNs } from "./time.ts";

/** The options of iputils' `ping` that a scenario can set. */
export interface PingSpec {
  readonly program: "ping";
  readonly destination: Ipv4Address;
  readonly destinationText: string;
  /** `-c`. */
  readonly count: number;
  /** `-i`. */
  readonly intervalNs: number;
  /** `-s`: bytes of payload, without the ICMP header. */
  readonly sizeBytes: number;
  /** `-t`. */
  readonly ttl: number;
  readonly dontFragment: boolean;
  /** `-W`. */
  readonly timeoutNs: number;
  /** `-e`. */
  readonly identifier: number;
}

export interface PingState {
  readonly transmitted: number;
  readonly received: number;
  readonly duplicates: number;
  readonly errors: number;
  readonly firstSendNs: number;
  readonly lastSendNs: number;
  readonly pipeSize: number;
  /** The newest probes; replies to older ones are taken for strays. */
  readonly probes: readonly Probe[];
  readonly roundTrips?: RoundTrips;
  readonly reply?: ProgramResult["reply"];
  readonly icmpErrors: ProgramResult["errors"];
  readonly localError?: SocketError;
  /** How often in a row this host had no room to send. */
  readonly refusals: number;
  /** The newest probe was not sent for want of room. */
  readonly isRefused: boolean;
  /** Redirects that wait to be read. */
  readonly unread: readonly IcmpErrorInput[];
}

type IcmpErrorInput = ProgramInput & { kind: "icmp error" };

interface Probe {
  readonly sequence: number;
  readonly sentNs: number;
  readonly answered: boolean;
}

/**
 * iputils' `ping`. It sends at its interval until the count is reached, and ends as soon as replies and errors together
 * make the count; else, counted from the last send, after `-W` when nothing was received, and after twice the largest
 * round trip (an interval at least) when something was (ping_common.c, main_loop and __schedule_exit).
 */
export function pingProgram(spec: PingSpec): Program<PingState> {
  return {
    start: (nowNs) => start(spec, nowNs),
    handle: (state, input, nowNs) => handle(spec, state, input, nowNs),
  };
}

const pingSocket = 3;
const timers = { nextProbe: 1, linger: 2, sent: 3 } as const;
/**
 * What a probe gives rise to on the same machine comes while ping is still in sendmsg(2): the kernel goes on so long
 * (MAX_SOFTIRQ_TIME) before it lets it go.
 */
const sendingNs = 2 * millisecondNs;
/** MININTERVAL of ping.h, and the longest wait after ENOBUFS (ping_common.c, pinger). */
const shortestWaitNs = 10 * millisecondNs;
const longestWaitNs = 500 * millisecondNs;
const newestProbes = 128;
const redirectType = 5;
/** Where sizeof(struct timeval) fits into the payload, replies tell their round trip time. */
const timestampBytes = 16;

/** What connect(2) answers where no route leads there, or one that refuses: ping asks before it sends. */
const connectErrors: ReadonlySet<SocketError> = new Set<SocketError>([
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EINVAL",
  "EACCES",
]);
const broadcastHint = "Do you want to ping broadcast? Then -b. If not, check your local firewall rules";

function start(spec: PingSpec, nowNs: number): ProgramStep<PingState> {
  const state: PingState = {
    transmitted: 0,
    received: 0,
    duplicates: 0,
    errors: 0,
    firstSendNs: nowNs,
    lastSendNs: nowNs,
    pipeSize: 0,
    probes: [],
    icmpErrors: [],
    refusals: 0,
    isRefused: false,
    unread: [],
  };
  const opening: ProgramEffect[] = [
    { kind: "open ping", socket: pingSocket, identifier: spec.identifier },
    { kind: "print", text: pingHeadText(spec.destinationText, spec.destination, spec.sizeBytes) },
  ];
  const first = sendProbe(spec, state, nowNs);
  return { state: first.state, effects: [...opening, ...first.effects] };
}

function handle(spec: PingSpec, state: PingState, input: ProgramInput, nowNs: number): ProgramStep<PingState> {
  switch (input.kind) {
    case "timer":
      if (input.timer === timers.sent) return readAll(state);
      if (input.timer === timers.linger) return finish(spec, state);
      return isComplete(spec, state) ? finish(spec, state) : sendProbe(spec, state, nowNs);
    case "echo reply":
      return endIfComplete(spec, takeReply(spec, state, input, nowNs));
    case "icmp error":
      return endIfComplete(spec, takeIcmpError(state, input, nowNs));
    case "error":
      return takeLocalError(spec, state, input, nowNs);
    default:
      return { state, effects: [] };
  }
}

function sendProbe(spec: PingSpec, state: PingState, nowNs: number): ProgramStep<PingState> {
  const sequence = (state.transmitted + 1) & 0xffff;
  const probes = [...state.probes.slice(1 - newestProbes), { sequence, sentNs: nowNs, answered: false }];
  const sent: PingState = {
    ...state,
    transmitted: state.transmitted + 1,
    lastSendNs: nowNs,
    probes,
    ...noRefusal(state),
  };
  const send: ProgramEffect = {
    kind: "send echo",
    socket: pingSocket,
    to: spec.destination,
    sequence,
    sizeBytes: spec.sizeBytes,
    ttl: spec.ttl,
    dontFragment: spec.dontFragment,
  };
  const wait: ProgramEffect =
    sent.transmitted < spec.count
      ? { kind: "set timer", timer: timers.nextProbe, afterNs: spec.intervalNs, isCoarse: true }
      : { kind: "set timer", timer: timers.linger, afterNs: lingerNs(spec, sent) };
  return { state: sent, effects: [send, wait] };
}

function noRefusal({ isRefused, refusals }: PingState) {
  return { isRefused: false, refusals: isRefused ? refusals : 0 };
}

function lingerNs(spec: PingSpec, state: PingState): number {
  if (state.received === 0) return spec.timeoutNs;
  return Math.max(spec.intervalNs, 2 * (state.roundTrips?.maximumUs ?? 0) * microsecondNs);
}

function takeReply(
  spec: PingSpec,
  state: PingState,
  reply: ProgramInput & { kind: "echo reply" },
  nowNs: number,
): ProgramStep<PingState> {
  const before = readAll(state);
  const noWait: readonly ProgramEffect[] =
    state.unread.length === 0 ? [] : [{ kind: "clear timer", timer: timers.sent }];
  const step = takeReplyAlone(spec, before.state, reply, nowNs);
  return { state: step.state, effects: [...noWait, ...before.effects, ...step.effects] };
}

function takeReplyAlone(
  spec: PingSpec,
  state: PingState,
  reply: ProgramInput & { kind: "echo reply" },
  nowNs: number,
): ProgramStep<PingState> {
  const probe = state.probes.find((candidate) => candidate.sequence === reply.sequence);
  if (probe === undefined) return { state, effects: [] };
  const timed = spec.sizeBytes >= timestampBytes;
  const timeNs = nowNs - probe.sentNs;
  const tripUs = Math.floor(timeNs / microsecondNs);
  const text =
    `${reply.sizeBytes + 8} bytes from ${formatIpv4(reply.from)}: icmp_seq=${reply.sequence} ttl=${reply.ttl}` +
    `${timed ? ` time=${tripTimeText(tripUs)}` : ""}${probe.answered ? " (DUP!)" : ""}` +
    (reply.from === spec.destination ? "" : " (DIFFERENT ADDRESS!)");
  return {
    state: {
      ...acknowledge(state, reply.sequence),
      received: state.received + (probe.answered ? 0 : 1),
      duplicates: state.duplicates + (probe.answered ? 1 : 0),
      probes: state.probes.map((one) => (one === probe ? { ...one, answered: true } : one)),
      roundTrips: timed ? addTrip(state.roundTrips, tripUs) : undefined,
      reply: { from: reply.from, ttl: reply.ttl, text, timeNs },
    },
    effects: [{ kind: "print", text: `${text}\n` }],
  };
}

/**
 * Errors stand in a queue of their own, which recvmsg(2) reads first; redirects come with what else is received, and wait until ping
 * is back from sending.
 */
function takeIcmpError(state: PingState, error: IcmpErrorInput, nowNs: number): ProgramStep<PingState> {
  const leftNs = state.lastSendNs + sendingNs - nowNs;
  if (error.type !== redirectType || leftNs <= 0) return readIcmpError(state, error);
  const wait: ProgramEffect = { kind: "set timer", timer: timers.sent, afterNs: leftNs };
  return { state: { ...state, unread: [...state.unread, error] }, effects: [wait] };
}

function readAll(state: PingState): ProgramStep<PingState> {
  let step: ProgramStep<PingState> = { state: { ...state, unread: [] }, effects: [] };
  for (const error of state.unread) {
    const next = readIcmpError(step.state, error);
    step = { state: next.state, effects: [...step.effects, ...next.effects] };
  }
  return step;
}

/** Redirects are told, but do not count as errors. */
function readIcmpError(state: PingState, error: IcmpErrorInput): ProgramStep<PingState> {
  const isRedirect = error.type === redirectType;
  const from = `From ${formatIpv4(error.from)}${isRedirect ? ":" : ""}`;
  const text = `${from} icmp_seq=${error.sequence} ${icmpErrorText(error.type, error.code, error.mtu)}\n`;
  const heard: PingState = {
    ...state,
    icmpErrors: [...state.icmpErrors, { from: error.from, type: error.type, code: error.code }],
  };
  return {
    state: isRedirect ? heard : { ...acknowledge(heard, error.sequence), errors: state.errors + 1 },
    effects: [{ kind: "print", text }],
  };
}

/**
 * A send that failed on this host. Without a route `ping` does not even begin; a datagram too large for the device counts as
 * an error, yet ends nothing at once, since `ping` looks at its counts only after it has waited for its next turn
 * (ping_common.c, main_loop).
 */
function takeLocalError(
  spec: PingSpec,
  state: PingState,
  input: ProgramInput & { kind: "error" },
  nowNs: number,
): ProgramStep<PingState> {
  if (input.error === "ENOBUFS") return takeWantOfRoom(spec, state, nowNs);
  const failed: PingState = { ...state, localError: input.error };
  if (input.error === "EMSGSIZE") {
    const mtu = input.mtu === undefined ? "" : `, mtu=${input.mtu}`;
    const text = `ping: local error: message too long${mtu}\n`;
    const lookAfterNs = Math.min(spec.intervalNs, spec.timeoutNs);
    const look: ProgramEffect = { kind: "set timer", timer: timers.linger, afterNs: lookAfterNs };
    const isLast = state.transmitted >= spec.count;
    const effects: readonly ProgramEffect[] = [{ kind: "print", text }, ...(isLast ? [look] : [])];
    return { state: { ...failed, errors: state.errors + 1 }, effects };
  }
  if (state.transmitted === 1 && connectErrors.has(input.error)) {
    const text = input.error === "EACCES" ? `ping: ${broadcastHint}\n` : `ping: connect: ${errorText(input.error)}\n`;
    const result = resultOf({ ...failed, transmitted: 0 });
    return {
      state: failed,
      effects: [
        { kind: "print", text },
        { kind: "exit", status: 2, result },
      ],
    };
  }
  return { state: failed, effects: [{ kind: "print", text: `ping: sendmsg: ${errorText(input.error)}\n` }] };
}

/** Tries again at its interval, until its short waits make `-W`; then the probe counts as sent, and it says why it was not. */
function takeWantOfRoom(spec: PingSpec, state: PingState, nowNs: number): ProgramStep<PingState> {
  const refusals = state.refusals + 1;
  const refused: PingState = { ...state, refusals, isRefused: true };
  const waitNs = Math.min(Math.max(spec.intervalNs / 2, shortestWaitNs), longestWaitNs);
  if (refusals * waitNs >= spec.timeoutNs) {
    const text = `ping: sendmsg: ${errorText("ENOBUFS")}\n`;
    return { state: { ...refused, localError: "ENOBUFS" }, effects: [{ kind: "print", text }] };
  }
  const afterNs = Math.max(0, state.lastSendNs + spec.intervalNs - nowNs);
  return {
    state: { ...refused, transmitted: state.transmitted - 1, probes: state.probes.slice(0, -1) },
    effects: [
      { kind: "clear timer", timer: timers.linger },
      { kind: "set timer", timer: timers.nextProbe, afterNs, isCoarse: true },
    ],
  };
}

function isComplete(spec: PingSpec, state: PingState): boolean {
  return state.received + state.errors >= spec.count;
}

function endIfComplete(spec: PingSpec, step: ProgramStep<PingState>): ProgramStep<PingState> {
  if (!isComplete(spec, step.state)) return step;
  const end = finish(spec, step.state);
  return { state: end.state, effects: [...step.effects, ...end.effects] };
}

function finish(spec: PingSpec, state: PingState): ProgramStep<PingState> {
  const elapsedMs = Math.round((state.lastSendNs - state.firstSendNs) / millisecondNs);
  const text = statisticsText(spec.destinationText, { ...state, elapsedMs });
  const status = state.received > 0 ? 0 : 1;
  return {
    state,
    effects: [
      { kind: "print", text },
      { kind: "exit", status, result: resultOf(state) },
    ],
  };
}

function resultOf(state: PingState): ProgramResult {
  const silent = state.received === 0 && state.errors === 0;
  const error = state.received > 0 ? undefined : (state.localError ?? (silent ? "timeout" : undefined));
  return {
    ok: state.received > 0,
    ...(error === undefined ? {} : { error }),
    sent: state.transmitted,
    received: state.received,
    ...(state.reply === undefined ? {} : { reply: state.reply }),
    errors: state.icmpErrors,
  };
}

function acknowledge(state: PingState, sequence: number): PingState {
  const distance = (state.transmitted - sequence) & 0xffff;
  if (distance > 0x7fff) return state;
  return { ...state, pipeSize: Math.max(state.pipeSize, distance + 1) };
}

function addTrip(trips: RoundTrips | undefined, us: number): RoundTrips {
  if (trips === undefined) return { minimumUs: us, maximumUs: us, sumUs: us, sumOfSquaresUs: us * us };
  return {
    minimumUs: Math.min(trips.minimumUs, us),
    maximumUs: Math.max(trips.maximumUs, us),
    sumUs: trips.sumUs + us,
    sumOfSquaresUs: trips.sumOfSquaresUs + us * us,
  };
}
