import {
  type DnsQuestion,
  type DnsReading,
  dnsPort,
  dnsQuery,
  dnsRcode,
  emitDns,
  firstOfStream,
  readDns,
  withLength,
} from "../../wire/dns.ts";
import { sameName } from "../../wire/dns-name.ts";
import { printRcode } from "../../wire/dns-text.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import { isMalformed } from "../../wire/malformed.ts";
import { joinBytes, noBytes } from "../../wire/octets.ts";
import type {
  DnsAnswer,
  Program,
  ProgramEffect,
  ProgramInput,
  ProgramResult,
  ProgramStep,
  SocketError,
} from "../program.ts";
import { errorText } from "../socket-error.ts";
import { millisecondNs } from "../time.ts";
import { recordOf } from "./by-name.ts";
import { badPacket, digBanner, digText, digWarning } from "./dig-text.ts";
import { nextIdentifier } from "./identifier.ts";
import { candidatesOf } from "./search-list.ts";

export interface DigSpec {
  readonly program: "dig";
  readonly name: string;
  /** The number of the type. */
  readonly type: number;
  /** Undefined: there is nobody to ask. */
  readonly server?: Ipv4Address;
  /** `+search`: the names that resolv.conf makes of it. */
  readonly search?: { readonly search: readonly string[]; readonly ndots: number };
  /** `+tcp`. */
  readonly tcp: boolean;
  /** `+short`. */
  readonly short: boolean;
  /** `+time`, for each try. */
  readonly timeoutNs: number;
  /** `+tries`. */
  readonly tries: number;
  readonly identifier: number;
}

export interface DigState {
  readonly candidates: readonly string[];
  readonly candidate: number;
  readonly tries: number;
  readonly socket: number;
  readonly id: number;
  readonly overTcp: boolean;
  readonly received: Uint8Array;
  readonly sentNs: number;
  readonly queries: number;
}

const timer = 1;
const firstSocket = 3;
/** dig's exit status when nobody answered. */
const noReply = 9;
/** What dig says that it can take (DNS flag day 2020). */
const udpPayloadSize = 1232;

/** `dig @SERVER NAME TYPE +nocookie` of BIND 9.18: one question, asked again where there is no answer, and the answer in full. */
export function digProgram(spec: DigSpec): Program<DigState> {
  return {
    start: (nowNs) => start(spec, nowNs),
    handle: (state, input, nowNs) => handle(spec, state, input, nowNs),
  };
}

function start(spec: DigSpec, nowNs: number): ProgramStep<DigState> {
  const candidates = spec.search ? candidatesOf(spec.name, spec.search) : [spec.name.replace(/\.$/, "")];
  const state: DigState = {
    candidates,
    candidate: 0,
    tries: 0,
    socket: firstSocket - 1,
    id: spec.identifier,
    overTcp: spec.tcp,
    received: noBytes,
    sentNs: nowNs,
    queries: 0,
  };
  return spec.server === undefined ? nobody(spec, state, []) : ask(spec, state, [], nowNs);
}

/** Each try has a socket, and so a port, of its own. */
function ask(spec: DigSpec, before: DigState, effects: readonly ProgramEffect[], nowNs: number): ProgramStep<DigState> {
  const socket = before.socket + 1;
  const remote = { address: spec.server as Ipv4Address, port: dnsPort };
  const state: DigState = { ...before, socket, tries: before.tries + 1, received: noBytes, sentNs: nowNs };
  const limit: ProgramEffect = { kind: "set timer", timer, afterNs: spec.timeoutNs };
  if (state.overTcp) return { state, effects: [...effects, { kind: "open tcp", socket, remote }, limit] };
  const send: ProgramEffect = { kind: "send", socket, data: queryBytes(spec, state) };
  return {
    state: { ...state, queries: state.queries + 1 },
    effects: [...effects, { kind: "open udp", socket, remote }, send, limit],
  };
}

function queryBytes({ type }: DigSpec, { id, candidates, candidate }: DigState): Uint8Array {
  const edns = { udpPayloadSize, extendedRcode: 0, version: 0, dnssecOk: false, options: noBytes };
  return emitDns({ ...dnsQuery(id, candidates[candidate], type), authenticData: true, edns });
}

function handle(spec: DigSpec, state: DigState, input: ProgramInput, nowNs: number): ProgramStep<DigState> {
  if ("socket" in input && input.socket !== state.socket) return { state, effects: [] };
  switch (input.kind) {
    case "datagram":
      return take(spec, state, input.data, nowNs);
    case "connected": {
      const send: ProgramEffect = { kind: "send", socket: state.socket, data: withLength(queryBytes(spec, state)) };
      return { state: { ...state, queries: state.queries + 1 }, effects: [send] };
    }
    case "data": {
      const received = joinBytes(state.received, input.data);
      const message = firstOfStream(received);
      return message === undefined ? { state: { ...state, received }, effects: [] } : take(spec, state, message, nowNs);
    }
    case "end of stream":
      return failed(spec, state, "end of file", nowNs);
    case "timer":
      return failed(spec, state, "timed out", nowNs);
    case "error":
      return failed(spec, state, complaint(input.error), nowNs);
    default:
      return { state, effects: [] };
  }
}

/** As BIND's library words them. */
function complaint(error: SocketError): string {
  return error === "EHOSTUNREACH" ? "host unreachable" : errorText(error).toLowerCase();
}

function failed(spec: DigSpec, state: DigState, why: string, nowNs: number): ProgramStep<DigState> {
  const server = `${formatIpv4(spec.server as Ipv4Address)}#${dnsPort}`;
  const effects: ProgramEffect[] = [
    { kind: "print", text: `;; communications error to ${server}: ${why}\n` },
    ...closing(state),
  ];
  return state.tries < spec.tries ? ask(spec, state, effects, nowNs) : nobody(spec, state, effects);
}

function closing({ socket }: DigState): ProgramEffect[] {
  return [
    { kind: "clear timer", timer },
    { kind: "close", socket },
  ];
}

function nobody(spec: DigSpec, state: DigState, before: readonly ProgramEffect[]): ProgramStep<DigState> {
  const text = spec.short ? ";; no servers could be reached\n" : `${digBanner(spec)};; no servers could be reached\n`;
  const result: ProgramResult = { ok: false, error: "timeout", sent: state.queries, received: 0, errors: [] };
  return { state, effects: [...before, { kind: "print", text }, { kind: "exit", status: noReply, result }] };
}

function take(spec: DigSpec, state: DigState, bytes: Uint8Array, nowNs: number): ProgramStep<DigState> {
  const reading = readDns(bytes);
  if (isMalformed(reading)) return waitOn(state, digWarning.short);
  const { message, problem } = reading;
  if (message.id !== state.id) return waitOn(state, digWarning.otherId(state.id, message.id));
  if (!message.response) return waitOn(state);
  const bad = problem && badPacket(problem);
  if (bad !== undefined) {
    const result: ProgramResult = { ok: false, sent: state.queries, received: 1, errors: [] };
    return { state, effects: [...closing(state), { kind: "print", text: bad }, { kind: "exit", status: 0, result }] };
  }
  const other = message.questions.find((question) => !isAsked(spec, state, question));
  if (other !== undefined) return waitOn(state, digWarning.otherQuestion(other));
  if (message.truncated && !state.overTcp) {
    const told: ProgramEffect = { kind: "print", text: ";; Truncated, retrying in TCP mode.\n" };
    return ask(spec, { ...state, overTcp: true, tries: 0 }, [told, ...closing(state)], nowNs);
  }
  const isMissing = message.rcode === dnsRcode.nxDomain || message.answers.length === 0;
  if (isMissing && state.candidate + 1 < state.candidates.length) {
    const next = {
      ...state,
      candidate: state.candidate + 1,
      tries: 0,
      overTcp: spec.tcp,
      id: nextIdentifier(state.id),
    };
    return ask(spec, next, closing(state), nowNs);
  }
  return finish(spec, state, reading, bytes.length, nowNs);
}

/** For the answer itself, until the time is over. */
function waitOn(state: DigState, warning?: string): ProgramStep<DigState> {
  return { state, effects: warning === undefined ? [] : [{ kind: "print", text: warning }] };
}

function isAsked({ type }: DigSpec, { candidates, candidate }: DigState, question: DnsQuestion): boolean {
  return question.type === type && sameName(question.name, candidates[candidate]);
}

function finish(
  spec: DigSpec,
  state: DigState,
  reading: DnsReading,
  size: number,
  nowNs: number,
): ProgramStep<DigState> {
  const { message } = reading;
  const timeNs = nowNs - state.sentNs;
  const server = spec.server as Ipv4Address;
  const answer: DnsAnswer = {
    status: printRcode(message.rcode),
    name: state.candidates[state.candidate],
    queries: state.queries,
    from: server,
    records: message.answers.map(recordOf),
    timeNs,
  };
  const times = { timeMs: Math.floor(timeNs / millisecondNs), server, overTcp: state.overTcp, size };
  const text = digText(spec, reading, times);
  const result: ProgramResult = {
    ok: true,
    sent: state.queries,
    received: 1,
    reply: { from: server, ttl: 0, text, timeNs },
    answer,
    errors: [],
  };
  return {
    state,
    effects: [...closing(state), { kind: "print", text }, { kind: "exit", status: 0, result }],
  };
}
