import {
  type DnsMessage,
  type DnsQuestion,
  dnsPort,
  dnsQuery,
  dnsRcode,
  emitDns,
  firstOfStream,
  parseDns,
  withLength,
} from "../../wire/dns.ts";
import { sameName } from "../../wire/dns-name.ts";
import { isMalformed } from "../../wire/malformed.ts";
import { joinBytes, noBytes } from "../../wire/octets.ts";
import type { Endpoint, Program, ProgramEffect, ProgramInput, ProgramStep } from "../program.ts";
import { closeConnection, listenOn, serverSocket, takeServerError } from "../server.ts";
import { secondNs } from "../time.ts";
import { datagramLimit, emitAnswer, forwardedAnswer, react, readQuery, reply } from "./answer.ts";
import { type DnsServerSettings, ZoneData } from "./zone-data.ts";

export interface DnsServerState {
  /** TCP connections, with what came of a message that is not all there. */
  readonly connections: readonly { readonly socket: number; readonly received: Uint8Array }[];
  readonly forwarded: readonly Forwarded[];
  /** Descriptors of sockets to upstreams, counted up. */
  readonly nextSocket: number;
  /** The upstream that is asked first: the one that answered last. */
  readonly preferred: number;
  /** What it has learned since it was started. */
  readonly informed?: DnsServerSettings;
}

/** A query that somebody else is asked about. */
interface Forwarded {
  readonly socket: number;
  readonly asker: Asker;
  readonly query: DnsMessage;
  readonly question: DnsQuestion;
  readonly begun: DnsMessage;
  /** How many upstreams have been asked, and which one was the first. */
  readonly tries: number;
  readonly preferred: number;
}

/** Where an answer goes: back to an address, or on a connection. */
type Asker = { readonly to: Endpoint } | { readonly connection: number };

/** Behind the descriptors that the kernel gives to connections. */
const firstUpstreamSocket = 0x10_0000;

/** `readTimeout` of CoreDNS' forward plugin, after which the next upstream is asked; and its `defaultTimeout` for all tries. */
const upstreamTimeoutNs = 2 * secondNs;
const mostTries = 3;

/**
 * A server of names, as CoreDNS is one with its plugins kubernetes, forward and loadbalance: answers for its zones, asks upstreams
 * about all else, and refuses where there are none.
 */
export function dnsServer(
  protocol: "tcp" | "udp",
  local: Endpoint,
  settings: DnsServerSettings,
): Program<DnsServerState> {
  const server = new DnsServer(settings);
  return {
    start: () => ({
      state: { connections: [], forwarded: [], preferred: 0, nextSocket: firstUpstreamSocket },
      effects: [listenOn(protocol, local)],
    }),
    handle: (state, input) => server.handle(state, input),
  };
}

class DnsServer {
  private readonly settings: DnsServerSettings;
  /** Indexes are made once for all states that have the same settings. */
  private readonly data = new WeakMap<DnsServerSettings, ZoneData>();

  constructor(settings: DnsServerSettings) {
    this.settings = settings;
  }

  private dataOf({ informed = this.settings }: DnsServerState): ZoneData {
    let data = this.data.get(informed);
    if (data === undefined) {
      data = new ZoneData(informed);
      this.data.set(informed, data);
    }
    return data;
  }

  private upstreamsOf({ informed = this.settings }: DnsServerState): readonly number[] {
    return informed.upstreams;
  }

  handle(state: DnsServerState, input: ProgramInput): ProgramStep<DnsServerState> {
    switch (input.kind) {
      case "datagram":
        if (input.socket === serverSocket) return this.take(state, { to: input.from }, input.data);
        return this.takeFromUpstream(state, input.socket, input.data);
      case "accepted":
        return {
          state: { ...state, connections: [...state.connections, { socket: input.socket, received: noBytes }] },
          effects: [],
        };
      case "data":
        return this.takeFromStream(state, input.socket, input.data);
      case "end of stream":
        return { state: withoutConnection(state, input.socket), effects: [closeConnection(input.socket)] };
      case "informed":
        return { state: input.names === undefined ? state : { ...state, informed: input.names }, effects: [] };
      case "timer":
        return this.tryNext(state, input.timer);
      case "error":
        if (state.forwarded.some(({ socket }) => socket === input.socket)) return this.tryNext(state, input.socket);
        return takeServerError(withoutConnection(state, input.socket), input);
      default:
        return { state, effects: [] };
    }
  }

  private take(state: DnsServerState, asker: Asker, bytes: Uint8Array): ProgramStep<DnsServerState> {
    const reaction = react(bytes, this.dataOf(state), this.upstreamsOf(state).length > 0);
    if (reaction.kind === "ignore") return { state, effects: [] };
    if (reaction.kind === "answer") return { state, effects: [send(asker, reaction.message, limitOf(bytes))] };
    const { query, question, begun } = reaction;
    const { nextSocket: socket, preferred } = state;
    return this.ask(state, { socket, asker, query, question, begun, tries: 0, preferred });
  }

  private ask(state: DnsServerState, forwarded: Forwarded): ProgramStep<DnsServerState> {
    const { socket, question, query, tries, preferred } = forwarded;
    const upstreams = this.upstreamsOf(state);
    const remote = { address: upstreams[(preferred + tries) % upstreams.length], port: dnsPort };
    const { edns } = query;
    const asked = { ...dnsQuery(query.id, question.name, question.type), ...(edns && { edns }) };
    return {
      state: { ...state, nextSocket: socket + 1, forwarded: [...state.forwarded, { ...forwarded, tries: tries + 1 }] },
      effects: [
        { kind: "open udp", socket, remote },
        { kind: "send", socket, data: emitDns(asked) },
        { kind: "set timer", timer: socket, afterNs: upstreamTimeoutNs },
      ],
    };
  }

  private takeFromUpstream(state: DnsServerState, socket: number, bytes: Uint8Array): ProgramStep<DnsServerState> {
    const one = state.forwarded.find((forwarded) => forwarded.socket === socket);
    const message = parseDns(bytes);
    if (one === undefined || isMalformed(message) || !answers(message, one)) return { state, effects: [] };
    const answer = forwardedAnswer(one.query, one.begun, message);
    const preferred = (one.preferred + one.tries - 1) % this.upstreamsOf(state).length;
    return done({ ...state, preferred }, one, answer);
  }

  /** An upstream was silent, or refused: the next one is asked, or there is none left. */
  private tryNext(state: DnsServerState, socket: number): ProgramStep<DnsServerState> {
    const one = state.forwarded.find((forwarded) => forwarded.socket === socket);
    if (one === undefined) return { state, effects: [] };
    if (one.tries >= mostTries) return done(state, one, reply(one.query, dnsRcode.servFail));
    const { forwarded, ...rest } = state;
    const without = { ...rest, forwarded: forwarded.filter((other) => other !== one) };
    const step = this.ask(without, { ...one, socket: state.nextSocket });
    return { state: step.state, effects: [...leave(one), ...step.effects] };
  }

  private takeFromStream(state: DnsServerState, socket: number, data: Uint8Array): ProgramStep<DnsServerState> {
    const connection = state.connections.find((one) => one.socket === socket);
    if (connection === undefined) return { state, effects: [] };
    let received = joinBytes(connection.received, data);
    let current = state;
    const effects: ProgramEffect[] = [];
    for (let message = firstOfStream(received); message !== undefined; message = firstOfStream(received)) {
      received = received.slice(2 + message.length);
      const step = this.take(current, { connection: socket }, message);
      current = step.state;
      effects.push(...step.effects);
    }
    const connections = current.connections.map((one) => (one.socket === socket ? { socket, received } : one));
    return { state: { ...current, connections }, effects };
  }
}

/** A datagram that is not the answer to what was asked is not taken for one. */
function answers(message: DnsMessage, { query, question }: Forwarded): boolean {
  const [asked] = message.questions;
  return message.response && message.id === query.id && asked !== undefined && sameName(asked.name, question.name);
}

function done(state: DnsServerState, one: Forwarded, answer: DnsMessage): ProgramStep<DnsServerState> {
  const forwarded = state.forwarded.filter((other) => other !== one);
  const effects = [...leave(one), send(one.asker, answer, datagramLimit(one.query))];
  return { state: { ...state, forwarded }, effects };
}

function leave({ socket }: Forwarded): ProgramEffect[] {
  return [
    { kind: "clear timer", timer: socket },
    { kind: "close", socket },
  ];
}

function send(asker: Asker, message: DnsMessage, limit: number): ProgramEffect {
  if ("connection" in asker)
    return { kind: "send", socket: asker.connection, data: withLength(emitAnswer(message, 0xffff)) };
  return { kind: "send to", socket: serverSocket, to: asker.to, data: emitAnswer(message, limit) };
}

function limitOf(bytes: Uint8Array): number {
  return datagramLimit(readQuery(bytes) ?? dnsQuery(0, "", 0));
}

function withoutConnection(state: DnsServerState, socket: number): DnsServerState {
  return { ...state, connections: state.connections.filter((one) => one.socket !== socket) };
}
