import type { Ipv4Address } from "../wire/ipv4-address.ts";
import { joinBytes, noBytes } from "../wire/octets.ts";
import { readHttpResponse } from "./http.ts";
import type { Program, ProgramEffect, ProgramInput, ProgramResult, ProgramStep, SocketError } from "./program.ts";
import { errorText } from "./socket-error.ts";
import { millisecondNs } from "./time.ts";

export interface TcpClientSpec {
  readonly program: "tcp";
  readonly destination: Ipv4Address;
  readonly port: number;
  /** Absent: an ephemeral one. */
  readonly sourcePort?: number;
  /** Absent: connect and close only. */
  readonly payload?: string;
  /** For the connection, and once more for the answer. */
  readonly timeoutNs: number;
  /** Absent: the namespace's own. */
  readonly ttl?: number;
}

export interface TcpClientState {
  readonly phase: "connecting" | "before send" | "receiving" | "before close" | "closed";
  /** Has come while the program did not listen; its next call reports it. */
  readonly pending?: SocketError;
  readonly answer: Uint8Array;
  readonly peerClosed: boolean;
  readonly sentNs: number;
  readonly answeredNs: number;
  readonly sent: number;
}

/**
 * Connects, waits 50 ms, sends its payload, reads an answer, waits 100 ms and closes first. It ends 400 ms later, when the
 * peer has closed too. The pauses keep segments apart whose order would else be a race.
 */
export function tcpClient(spec: TcpClientSpec): Program<TcpClientState> {
  return {
    start: (nowNs) => start(spec, nowNs),
    handle: (state, input, nowNs) => handle(spec, state, input, nowNs),
  };
}

const socket = 3;
const timers = { pause: 1, timeout: 2 } as const;
const beforeSendNs = 50 * millisecondNs;
const beforeCloseNs = 100 * millisecondNs;
const afterCloseNs = 400 * millisecondNs;

function start(spec: TcpClientSpec, nowNs: number): ProgramStep<TcpClientState> {
  const open: ProgramEffect = {
    kind: "open tcp",
    socket,
    ...(spec.sourcePort === undefined ? {} : { local: { address: 0, port: spec.sourcePort } }),
    remote: { address: spec.destination, port: spec.port },
    ttl: spec.ttl,
  };
  const state: TcpClientState = {
    phase: "connecting",
    answer: noBytes,
    peerClosed: false,
    sentNs: nowNs,
    answeredNs: nowNs,
    sent: 0,
  };
  return { state, effects: [open, waitFor("timeout", spec.timeoutNs)] };
}

function handle(
  spec: TcpClientSpec,
  state: TcpClientState,
  input: ProgramInput,
  nowNs: number,
): ProgramStep<TcpClientState> {
  switch (input.kind) {
    case "connected":
      return pause({ ...state, phase: "before send" }, beforeSendNs);
    case "timer":
      return input.timer === timers.timeout ? fail(spec, state, "timeout") : afterPause(spec, state, nowNs);
    case "data": {
      const answeredNs = state.answer.length === 0 ? nowNs : state.answeredNs;
      return takeAnswer({ ...state, answer: joinBytes(state.answer, input.data), answeredNs });
    }
    case "end of stream":
      return takeAnswer({ ...state, peerClosed: true });
    case "error":
      if (state.phase === "connecting" || state.phase === "receiving") return fail(spec, state, input.error);
      return { state: { ...state, pending: input.error }, effects: [] };
    default:
      return { state, effects: [] };
  }
}

function afterPause(spec: TcpClientSpec, state: TcpClientState, nowNs: number): ProgramStep<TcpClientState> {
  if (state.phase === "closed") return succeed(spec, state);
  if (state.phase === "before close" || spec.payload === undefined) return close(state);
  if (state.pending !== undefined) return fail(spec, state, state.pending);
  const data = new TextEncoder().encode(spec.payload);
  const sent: TcpClientState = { ...state, phase: "receiving", sent: 1, sentNs: nowNs };
  const answered = takeAnswer(sent);
  const wait = answered.state === sent ? [waitFor("timeout", spec.timeoutNs)] : answered.effects;
  return { state: answered.state, effects: [{ kind: "send", socket, data }, ...wait] };
}

/** Goes on to close once something has come, or nothing more can. */
function takeAnswer(state: TcpClientState): ProgramStep<TcpClientState> {
  if (state.phase !== "receiving" || (state.answer.length === 0 && !state.peerClosed)) return { state, effects: [] };
  return pause({ ...state, phase: "before close" }, beforeCloseNs);
}

function pause(state: TcpClientState, durationNs: number): ProgramStep<TcpClientState> {
  return { state, effects: [{ kind: "clear timer", timer: timers.timeout }, waitFor("pause", durationNs)] };
}

function close(state: TcpClientState): ProgramStep<TcpClientState> {
  return { state: { ...state, phase: "closed" }, effects: [{ kind: "close", socket }, waitFor("pause", afterCloseNs)] };
}

function waitFor(timer: keyof typeof timers, afterNs: number): ProgramEffect {
  return { kind: "set timer", timer: timers[timer], afterNs };
}

function succeed(spec: TcpClientSpec, state: TcpClientState): ProgramStep<TcpClientState> {
  const text = new TextDecoder().decode(state.answer);
  const result = resultOf(spec, state);
  const shown = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return {
    state,
    effects: [
      { kind: "print", text: shown },
      { kind: "exit", status: result.ok ? 0 : 1, result },
    ],
  };
}

function fail(spec: TcpClientSpec, state: TcpClientState, error: SocketError | "timeout"): ProgramStep<TcpClientState> {
  const result: ProgramResult = { ...resultOf(spec, state), ok: false, error };
  return {
    state,
    effects: [
      { kind: "print", text: `tcp: ${errorText(error)}\n` },
      { kind: "close", socket },
      { kind: "exit", status: 1, result },
    ],
  };
}

function resultOf(spec: TcpClientSpec, state: TcpClientState): ProgramResult {
  const answered = state.answer.length > 0;
  const response = readHttpResponse(state.answer);
  const text = new TextDecoder().decode(state.answer);
  const timeNs = state.answeredNs - state.sentNs;
  return {
    ok: answered || spec.payload === undefined,
    sent: state.sent,
    received: answered ? 1 : 0,
    ...(answered ? { reply: { from: spec.destination, ttl: 0, text, timeNs } } : {}),
    ...(response === undefined ? {} : { response: response.content }),
    errors: [],
  };
}
