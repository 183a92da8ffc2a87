import { formatIpv4, type Ipv4Address } from "../wire/ipv4-address.ts";
import type { Program, ProgramEffect, ProgramInput, ProgramResult, ProgramStep, SocketError } from "./program.ts";
import { errorText } from "./socket-error.ts";
import { millisecondNs } from "./time.ts";

/** The options of `traceroute -n -I -N 1` that a scenario can set. */
export interface TracerouteSpec {
  readonly program: "traceroute";
  readonly destination: Ipv4Address;
  readonly destinationText: string;
  /** `-m`: the largest TTL. */
  readonly maxHops: number;
  /** `-q`: probes for each TTL. */
  readonly queries: number;
  /** `-w`: how long to wait for an answer. */
  readonly timeoutNs: number;
  /** Of its echo requests; the real one takes its process id. */
  readonly identifier: number;
}

export interface TracerouteState {
  /** Probes that were sent; the sequence number of the newest. */
  readonly sent: number;
  readonly sentNs: number;
  readonly received: number;
  /** Who answered last for the TTL that is tried: an address is printed when it is another one. */
  readonly answeredBy?: Ipv4Address;
  /** The destination, or somebody who knows no way there, has answered: this TTL is the last one. */
  readonly isLast: boolean;
  /** What is known of this TTL: it is printed when all its probes are done. */
  readonly line: string;
  /** Who answered first for each TTL. */
  readonly path: readonly (Ipv4Address | undefined)[];
  readonly reply?: ProgramResult["reply"];
  readonly errors: ProgramResult["errors"];
}

const pingSocket = 3;
const timer = 1;
/** `-I` sends 60 octets: two headers, and these. */
const sizeBytes = 32;
const headerBytes = 28;
const unreachableType = 3;
const exceededType = 11;

/**
 * traceroute (Dmitry Butskoy's, Debian's package of that name) with ICMP echo requests, one at a time: each TTL from 1 on is tried some
 * times, until the destination answers, or somebody on the way says that it cannot be reached.
 */
export function tracerouteProgram(spec: TracerouteSpec): Program<TracerouteState> {
  return {
    start: (nowNs) => start(spec, nowNs),
    handle: (state, input, nowNs) => handle(spec, state, input, nowNs),
  };
}

function start(spec: TracerouteSpec, nowNs: number): ProgramStep<TracerouteState> {
  const { identifier } = spec;
  const state: TracerouteState = { sent: 0, sentNs: nowNs, received: 0, isLast: false, line: "", path: [], errors: [] };
  return probe(spec, state, [{ kind: "open ping", socket: pingSocket, identifier }], nowNs);
}

function headText({ destination, destinationText, maxHops }: TracerouteSpec): string {
  const size = `${maxHops} hops max, ${sizeBytes + headerBytes} byte packets`;
  return `traceroute to ${destinationText} (${formatIpv4(destination)}), ${size}\n`;
}

/** The next probe, or the end behind the last one of a TTL, whose line is then whole. */
function probe(
  spec: TracerouteSpec,
  before: TracerouteState,
  given: readonly ProgramEffect[],
  nowNs: number,
): ProgramStep<TracerouteState> {
  const { queries, maxHops, destination: to } = spec;
  const isFirst = before.sent % queries === 0;
  const ttl = Math.floor(before.sent / queries) + 1;
  const effects: ProgramEffect[] = [...given];
  if (isFirst && before.sent > 0) effects.push({ kind: "print", text: `${before.line}\n` });
  if (isFirst && (before.isLast || ttl > maxHops)) return finish(before, effects);
  const fresh = { line: String(ttl).padStart(2).padEnd(3), answeredBy: undefined, path: [...before.path, undefined] };
  const state: TracerouteState = { ...before, sent: before.sent + 1, sentNs: nowNs, ...(isFirst && fresh) };
  effects.push(
    { kind: "send echo", socket: pingSocket, to, sequence: state.sent, sizeBytes, ttl, dontFragment: false },
    { kind: "set timer", timer, afterNs: spec.timeoutNs },
  );
  return { state, effects };
}

function handle(
  spec: TracerouteSpec,
  state: TracerouteState,
  input: ProgramInput,
  nowNs: number,
): ProgramStep<TracerouteState> {
  switch (input.kind) {
    case "timer":
      return told(spec, state, " *", nowNs);
    case "echo reply": {
      if (input.sequence !== state.sent) return { state, effects: [] };
      const reply = {
        from: input.from,
        ttl: input.ttl,
        text: pathText(state, input.from),
        timeNs: nowNs - state.sentNs,
      };
      return answered(spec, { ...state, isLast: true, reply }, input.from, "", nowNs);
    }
    case "icmp error": {
      const { from, type, code, mtu } = input;
      if (type !== exceededType && type !== unreachableType) return { state, effects: [] };
      const heard = { ...state, errors: [...state.errors, { from, type, code }] };
      // The answer to an older probe, which was given up.
      if (input.sequence !== state.sent) return { state: heard, effects: [] };
      if (type === exceededType) return answered(spec, heard, from, "", nowNs);
      return answered(spec, { ...heard, isLast: true }, from, unreachableText(code, mtu), nowNs);
    }
    case "error":
      return refused(state, input.error);
    default:
      return { state, effects: [] };
  }
}

/** What traceroute adds to the answer of somebody who knows no way (traceroute(8)). */
function unreachableText(code: number, mtu: number): string {
  const letters: Readonly<Record<number, string>> = { 0: "N", 1: "H", 2: "P", 5: "S", 14: "V", 15: "C" };
  if (code === portUnreachable) return "";
  if (code === fragmentationNeeded) return ` !F-${mtu}`;
  if (prohibited.includes(code)) return " !X";
  return code in letters ? ` !${letters[code]}` : ` !<${code}>`;
}

const portUnreachable = 3;
const fragmentationNeeded = 4;
const prohibited = [9, 10, 13];

function answered(
  spec: TracerouteSpec,
  state: TracerouteState,
  from: Ipv4Address,
  error: string,
  nowNs: number,
): ProgramStep<TracerouteState> {
  const who = state.answeredBy === from ? "" : ` ${formatIpv4(from)}`;
  const text = `${who}  ${((nowNs - state.sentNs) / millisecondNs).toFixed(3)} ms${error}`;
  const path = [...state.path.slice(0, -1), state.path.at(-1) ?? from];
  return told(spec, { ...state, received: state.received + 1, answeredBy: from, path }, text, nowNs);
}

function told(spec: TracerouteSpec, state: TracerouteState, text: string, nowNs: number): ProgramStep<TracerouteState> {
  const head: ProgramEffect[] = state.sent === 1 ? [{ kind: "print", text: headText(spec) }] : [];
  const heard = { ...state, line: state.line + text };
  return probe(spec, heard, [{ kind: "clear timer", timer }, ...head], nowNs);
}

/** The kernel refuses to send: of the first probe connect(2) hears that, before anything is printed. */
function refused(state: TracerouteState, error: SocketError): ProgramStep<TracerouteState> {
  const [call, before] = state.sent === 1 ? ["connect", ""] : ["send", `${state.line}\n`];
  const effects: ProgramEffect[] = [{ kind: "print", text: `${before}${call}: ${errorText(error)}\n` }];
  return exit({ ...state, sent: state.sent - 1 }, effects, { ok: false, error });
}

function finish(state: TracerouteState, effects: readonly ProgramEffect[]): ProgramStep<TracerouteState> {
  const { reply } = state;
  return exit(state, effects, reply === undefined ? { ok: false, error: "timeout" } : { ok: true, reply });
}

function exit(
  state: TracerouteState,
  effects: readonly ProgramEffect[],
  outcome: Pick<ProgramResult, "ok" | "error" | "reply">,
): ProgramStep<TracerouteState> {
  const { sent, received, errors } = state;
  // That nobody answered is an outcome, and no failure.
  const status = outcome.ok || outcome.error === "timeout" ? 0 : 1;
  const result: ProgramResult = { ...outcome, sent, received, errors };
  return { state, effects: [...effects, { kind: "clear timer", timer }, { kind: "exit", status, result }] };
}

/** The way there, an asterisk for each TTL that nobody answered. */
function pathText({ path }: TracerouteState, destination: Ipv4Address): string {
  const before = path.slice(0, -1).map((one) => (one === undefined ? "*" : formatIpv4(one)));
  return [...before, formatIpv4(destination)].join(" ");
}
