import {
  type DnsMessage,
  type DnsRecord,
  dnsPort,
  dnsQuery,
  dnsRcode,
  dnsType,
  emitDns,
  firstOfStream,
  parseDns,
  withLength,
} from "../../wire/dns.ts";
import { sameName } from "../../wire/dns-name.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { isMalformed } from "../../wire/malformed.ts";
import { joinBytes, noBytes } from "../../wire/octets.ts";
import type { ProgramEffect, ProgramInput, SocketError } from "../program.ts";
import { nextIdentifier } from "./identifier.ts";
import { candidatesOf, type ResolverSettings } from "./search-list.ts";

/**
 * getaddrinfo(3) of glibc: asks for the A and AAAA records of a name, both at once and from one socket, name by name of the search
 * list, nameserver by nameserver (resolv/res_send.c, resolv/res_query.c).
 */
export interface LookupState {
  readonly settings: ResolverSettings;
  /** Names to ask for, and which of them is being asked for. */
  readonly candidates: readonly string[];
  readonly candidate: number;
  /** The name as it stands is the last of them, not the first. */
  readonly asItStandsLast: boolean;
  readonly attempt: number;
  readonly server: number;
  /** Found out on the way: both answers at once do not get through here (RES_SNGLKUP, RES_SNGLKUPREOP). */
  readonly single: boolean;
  readonly reopen: boolean;
  readonly overTcp: boolean;
  readonly queries: readonly Query[];
  /** Sockets by nameserver, which stay open for one name; 0: none. */
  readonly sockets: readonly number[];
  readonly nextSocket: number;
  readonly received: Uint8Array;
  readonly nextId: number;
  readonly sent: number;
  /** Nobody refused everything: somebody answered, or was silent. */
  readonly gotSomewhere: boolean;
  readonly noData: boolean;
  readonly failure: LookupFailure;
}

interface Query {
  readonly id: number;
  readonly type: number;
  /** `failed`: this nameserver does not want to say. */
  readonly answer: DnsMessage | "failed" | undefined;
}

/** As h_errno names them (netdb.h). */
export type LookupFailure = "HOST_NOT_FOUND" | "TRY_AGAIN" | "NO_RECOVERY" | "NO_DATA";

export type LookupOutcome = {
  /** The name of the search list that was found, or the last one. */
  readonly name: string;
  /** How many queries were sent. */
  readonly sent: number;
  /** The nameserver of the last answer. */
  readonly from: Ipv4Address;
  readonly rcode: number;
  readonly records: readonly DnsRecord[];
} & ({ readonly kind: "found"; readonly address: Ipv4Address } | { readonly kind: LookupFailure });

export interface LookupStep {
  readonly state: LookupState;
  readonly effects: readonly ProgramEffect[];
  readonly outcome?: LookupOutcome;
}

/** Descriptors and a timer that the program which wants to know does not use. */
const firstSocket = 100;
const timer = 100;
const mostServers = 3;

/** Begins to look up a name; `firstId` is the id of the first query, and those of the others follow from it. */
export function beginLookup(settings: ResolverSettings, name: string, firstId: number): LookupStep {
  const nameservers = settings.nameservers.slice(0, mostServers);
  const candidates = candidatesOf(name, settings);
  const state: LookupState = {
    settings: { ...settings, nameservers },
    candidates,
    candidate: -1,
    asItStandsLast: candidates.length > 1 && candidates[0] !== name,
    attempt: 0,
    server: 0,
    single: settings.singleRequest === true || settings.singleRequestReopen === true,
    reopen: settings.singleRequestReopen === true,
    overTcp: false,
    queries: [],
    sockets: [],
    nextSocket: firstSocket,
    received: noBytes,
    nextId: firstId,
    sent: 0,
    gotSomewhere: false,
    noData: false,
    failure: "HOST_NOT_FOUND",
  };
  if (nameservers.length === 0) return { state, effects: [], outcome: outcomeOf(state, "TRY_AGAIN") };
  return nextName(state, []);
}

export function continueLookup(state: LookupState, input: ProgramInput): LookupStep {
  switch (input.kind) {
    case "datagram":
      return input.socket === socketOf(state) ? takeMessage(state, input.data) : { state, effects: [] };
    case "connected":
      return input.socket === socketOf(state) ? sendOverTcp(state) : { state, effects: [] };
    case "data":
      return input.socket === socketOf(state) ? takeStream(state, input.data) : { state, effects: [] };
    case "end of stream":
      return input.socket === socketOf(state) ? nextServer(state) : { state, effects: [] };
    case "timer":
      return input.timer === timer ? timedOut(state) : { state, effects: [] };
    case "error":
      return input.socket === socketOf(state) ? takeError(state, input.error) : { state, effects: [] };
    default:
      return { state, effects: [] };
  }
}

/** All that is open is closed; for a program that will not wait any longer. */
export function endLookup(state: LookupState): readonly ProgramEffect[] {
  return [{ kind: "clear timer", timer }, ...closeAll(state)];
}

function socketOf({ sockets, server }: LookupState): number | undefined {
  return sockets[server];
}

function closeAll({ sockets }: LookupState): ProgramEffect[] {
  return sockets.flatMap((socket): ProgramEffect[] => (socket ? [{ kind: "close", socket }] : []));
}

function nextName(state: LookupState, before: readonly ProgramEffect[]): LookupStep {
  const candidate = state.candidate + 1;
  if (candidate >= state.candidates.length) {
    const outcome = outcomeOf(state, state.noData ? "NO_DATA" : state.failure);
    return { state, effects: before, outcome };
  }
  const ids = [state.nextId, nextIdentifier(state.nextId)];
  const queries = [dnsType.A, dnsType.AAAA].map((type, i): Query => ({ id: ids[i], type, answer: undefined }));
  const fresh = { ...state, candidate, attempt: 0, server: 0, queries, sockets: [], nextId: nextIdentifier(ids[1]) };
  return askServer({ ...fresh, overTcp: state.settings.useVc === true, gotSomewhere: false }, before);
}

/** Both questions at once, or the first one. */
function askServer(asked: LookupState, before: readonly ProgramEffect[]): LookupStep {
  const state: LookupState = { ...asked, received: noBytes, queries: unanswered(asked) };
  if (state.overTcp) return openTcp(state, before);
  const opened = openUdp(state);
  const sent = state.single ? 1 : state.queries.length;
  const sends = state.queries.slice(0, sent).map((query) => sendQuery(opened.state, query));
  const afterNs = serverTimeoutNs(state);
  return {
    state: { ...opened.state, sent: state.sent + sent },
    effects: [...before, ...opened.effects, ...sends, { kind: "set timer", timer, afterNs }],
  };
}

function unanswered({ queries }: LookupState): Query[] {
  return queries.map(({ id, type }) => ({ id, type, answer: undefined }));
}

/** `statp->retrans << ns`, shared among the nameservers from the second one on. */
function serverTimeoutNs({ settings, server }: LookupState): number {
  const seconds = Math.floor(settings.timeoutNs / 1e9) * 2 ** server;
  return Math.max(1, server === 0 ? seconds : Math.floor(seconds / settings.nameservers.length)) * 1e9;
}

function openUdp(state: LookupState): { readonly state: LookupState; readonly effects: readonly ProgramEffect[] } {
  const { server, nextSocket: socket, settings } = state;
  if (socketOf(state)) return { state, effects: [] };
  const remote = { address: settings.nameservers[server], port: dnsPort };
  return { state: withSocket(state, socket), effects: [{ kind: "open udp", socket, remote }] };
}

function withSocket(state: LookupState, socket: number): LookupState {
  const sockets = Array.from({ length: Math.max(state.sockets.length, state.server + 1) }, (_, i) =>
    i === state.server ? socket : (state.sockets[i] ?? 0),
  );
  return { ...state, sockets, nextSocket: state.nextSocket + 1 };
}

function sendQuery(state: LookupState, query: Query): ProgramEffect {
  return { kind: "send", socket: socketOf(state) as number, data: questionBytes(state, query) };
}

function questionBytes({ candidates, candidate }: LookupState, { id, type }: Query): Uint8Array {
  return emitDns(dnsQuery(id, candidates[candidate], type));
}

function takeMessage(state: LookupState, bytes: Uint8Array): LookupStep {
  const message = parseDns(bytes);
  if (isMalformed(message)) return bytes.length < 12 ? nextServer(state) : { state, effects: [] };
  const index = state.queries.findIndex((query) => isAnswerTo(message, query, state));
  // The answer to an old query, or to somebody else's.
  if (index < 0) return { state, effects: [] };
  if (message.truncated && !state.overTcp)
    return openTcp({ ...state, overTcp: true, gotSomewhere: true }, closeCurrent(state));
  const answer: Query["answer"] = isUnwilling(message) ? "failed" : message;
  const queries = state.queries.map((query, i) => (i === index ? { ...query, answer } : query));
  const heard: LookupState = { ...state, queries, gotSomewhere: true };
  const open = queries.find((query) => query.answer === undefined);
  if (open === undefined) return allAnswered(heard);
  if (!state.single || state.overTcp) return { state: heard, effects: [] };
  return askSecond(heard, open);
}

function isAnswerTo(message: DnsMessage, query: Query, { candidates, candidate }: LookupState): boolean {
  const [asked] = message.questions;
  if (!message.response || message.id !== query.id || query.answer !== undefined) return false;
  return asked !== undefined && asked.type === query.type && sameName(asked.name, candidates[candidate]);
}

/** The next nameserver may know more. */
function isUnwilling({ rcode }: DnsMessage): boolean {
  return rcode === dnsRcode.servFail || rcode === dnsRcode.notImp || rcode === dnsRcode.refused;
}

function askSecond(state: LookupState, query: Query): LookupStep {
  const closed = state.reopen ? closeCurrent(state) : [];
  const opened = openUdp(state.reopen ? withoutCurrent(state) : state);
  const effects = [...closed, ...opened.effects, sendQuery(opened.state, query)];
  return { state: { ...opened.state, sent: state.sent + 1 }, effects };
}

function closeCurrent(state: LookupState): ProgramEffect[] {
  const socket = socketOf(state);
  return socket ? [{ kind: "close", socket }] : [];
}

function withoutCurrent(state: LookupState): LookupState {
  return { ...state, sockets: state.sockets.map((socket, i) => (i === state.server ? 0 : socket)) };
}

function allAnswered(state: LookupState): LookupStep {
  const answers = messagesOf(state);
  // SERVFAIL to both questions: as if this nameserver had not been there.
  if (answers.length === 0) return nextServer(state);
  return finishName(state);
}

function messagesOf({ queries }: LookupState): readonly DnsMessage[] {
  return queries.flatMap(({ answer }) => (answer === undefined || answer === "failed" ? [] : [answer]));
}

/** Somebody who answers one of two questions may not cope with two at once: from now on they are asked one by one. */
function timedOut(state: LookupState): LookupStep {
  if (state.overTcp || messagesOf(state).length === 0) return nextServer({ ...state, gotSomewhere: true });
  if (!state.single) return askServer({ ...state, single: true }, []);
  if (!state.reopen) return askServer(withoutCurrent({ ...state, reopen: true }), closeCurrent(state));
  return finishName(state);
}

function takeError(state: LookupState, error: SocketError): LookupStep {
  const isSilence = error === "ETIMEDOUT" || error === "EHOSTUNREACH";
  const closed = closeCurrent(state);
  const next = nextServer(withoutCurrent({ ...state, gotSomewhere: state.gotSomewhere || isSilence }));
  return { ...next, effects: [...closed, ...next.effects] };
}

function nextServer(state: LookupState): LookupStep {
  const { settings, attempt } = state;
  const server = state.server + 1;
  const overTcp = settings.useVc === true;
  const closed = state.overTcp ? closeCurrent(state) : [];
  const left = state.overTcp ? withoutCurrent(state) : state;
  if (server < settings.nameservers.length) return askServer({ ...left, server, overTcp }, closed);
  if (attempt + 1 < settings.attempts) return askServer({ ...left, attempt: attempt + 1, server: 0, overTcp }, closed);
  return nobodyAnswered(left, closed);
}

/** `__res_context_search`: where everybody refuses the search is over; else the name as it stands is still tried. */
function nobodyAnswered(state: LookupState, closed: readonly ProgramEffect[]): LookupStep {
  const effects = [...closed, ...endLookup(state)];
  const over: LookupState = { ...state, sockets: [], failure: "TRY_AGAIN" };
  if (!state.gotSomewhere) return { state: over, effects, outcome: outcomeOf(over, "TRY_AGAIN") };
  return nextName(withoutSearch(over), effects);
}

/** Only the name as it stands is still to be asked for; where it has been, nothing is, but the list when it was the first. */
function withoutSearch(state: LookupState): LookupState {
  const last = state.candidates.length - 1;
  if (state.asItStandsLast) return { ...state, candidate: Math.max(state.candidate, last - 1) };
  return state.candidate === 0 ? state : { ...state, candidate: last };
}

function finishName(state: LookupState): LookupStep {
  const effects = endLookup(state);
  const closed: LookupState = { ...state, sockets: [] };
  const answers = messagesOf(state);
  const address = answers.flatMap((message) => message.answers).find((record) => record.type === dnsType.A);
  if (address?.type === dnsType.A)
    return {
      state: closed,
      effects,
      outcome: { ...outcomeOf(state, "NO_DATA"), kind: "found", address: address.address },
    };
  const rcode = answers.find((message) => message.rcode !== dnsRcode.noError)?.rcode ?? dnsRcode.noError;
  const failure = failures[rcode] ?? "NO_RECOVERY";
  const noData = state.noData || failure === "NO_DATA";
  if (failure === "NO_RECOVERY") return nextName(withoutSearch({ ...closed, failure }), effects);
  return nextName({ ...closed, noData, failure }, effects);
}

const failures: Readonly<Record<number, LookupFailure>> = {
  [dnsRcode.noError]: "NO_DATA",
  [dnsRcode.nxDomain]: "HOST_NOT_FOUND",
  [dnsRcode.servFail]: "TRY_AGAIN",
};

function outcomeOf(state: LookupState, kind: LookupFailure): LookupOutcome {
  const answers = messagesOf(state);
  const best = answers.find((message) => message.answers.length > 0) ?? answers[0];
  return {
    kind,
    name: state.candidates[Math.max(0, Math.min(state.candidate, state.candidates.length - 1))],
    sent: state.sent,
    from: state.settings.nameservers[state.server] ?? 0,
    rcode: best?.rcode ?? (kind === "HOST_NOT_FOUND" ? dnsRcode.nxDomain : dnsRcode.servFail),
    records: answers.flatMap((message) => message.answers),
  };
}

function openTcp(state: LookupState, before: readonly ProgramEffect[]): LookupStep {
  const { nextSocket: socket, settings, server } = state;
  const remote = { address: settings.nameservers[server], port: dnsPort };
  return {
    state: withSocket({ ...state, queries: unanswered(state), received: noBytes }, socket),
    effects: [
      ...before,
      { kind: "open tcp", socket, remote },
      { kind: "set timer", timer, afterNs: serverTimeoutNs(state) },
    ],
  };
}

function sendOverTcp(state: LookupState): LookupStep {
  const data = state.queries
    .map((query) => withLength(questionBytes(state, query)))
    .reduce((all, one) => joinBytes(all, one));
  const send: ProgramEffect = { kind: "send", socket: socketOf(state) as number, data };
  return { state: { ...state, sent: state.sent + state.queries.length }, effects: [send] };
}

function takeStream(state: LookupState, data: Uint8Array): LookupStep {
  let current: LookupState = { ...state, received: joinBytes(state.received, data) };
  for (;;) {
    const message = firstOfStream(current.received);
    if (message === undefined) return { state: current, effects: [] };
    current = { ...current, received: current.received.slice(2 + message.length) };
    const step = takeMessage(current, message);
    if (step.outcome !== undefined || step.effects.length > 0) return step;
    current = step.state;
  }
}
