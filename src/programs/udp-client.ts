import type { Ipv4Address } from "../wire/ipv4-address.ts";
import type { Program, ProgramEffect, ProgramInput, ProgramResult, ProgramStep, SocketError } from "./program.ts";
import { errorText } from "./socket-error.ts";

export interface UdpClientSpec {
  readonly program: "udp";
  readonly destination: Ipv4Address;
  readonly port: number;
  /** Absent: an ephemeral one. */
  readonly sourcePort?: number;
  /** Absent: `ping0`, `ping1`, … */
  readonly payload?: string;
  /** The octets in its place, two digits each. */
  readonly payloadHex?: string;
  readonly count: number;
  /** After every datagram, when there are several. */
  readonly gapNs: number;
  /** How long to wait for the reply once all is sent. */
  readonly timeoutNs: number;
  readonly ttl: number;
}

export interface UdpClientState {
  readonly sent: number;
  readonly lastSendNs: number;
  /** False while it sends: what arrives then waits in the socket. */
  readonly receiving: boolean;
  readonly refused: boolean;
  readonly reply?: ProgramResult["reply"];
}

/**
 * Sends datagrams from one connected socket, then takes one reply. An ECONNREFUSED that an earlier datagram caused makes
 * the next send(2) fail without sending; the client then repeats that send, so every datagram goes out once. Only an
 * error that is still there when it receives ends it, and it is reported before a reply that is waiting
 * (net/ipv4/udp.c, __skb_recv_udp).
 */
export function udpClient(spec: UdpClientSpec): Program<UdpClientState> {
  return {
    start: (nowNs) => start(spec, nowNs),
    handle: (state, input, nowNs) => handle(spec, state, input, nowNs),
  };
}

const socket = 3;
const timers = { gap: 1, timeout: 2 } as const;

function start(spec: UdpClientSpec, nowNs: number): ProgramStep<UdpClientState> {
  const open: ProgramEffect = {
    kind: "open udp",
    socket,
    ...(spec.sourcePort === undefined ? {} : { local: { address: 0, port: spec.sourcePort } }),
    remote: { address: spec.destination, port: spec.port },
    ttl: spec.ttl,
  };
  const first = sendNext(spec, { sent: 0, lastSendNs: nowNs, receiving: false, refused: false }, nowNs);
  return { state: first.state, effects: [open, ...first.effects] };
}

function handle(
  spec: UdpClientSpec,
  state: UdpClientState,
  input: ProgramInput,
  nowNs: number,
): ProgramStep<UdpClientState> {
  switch (input.kind) {
    case "timer":
      if (input.timer === timers.timeout) return finish(state, "timeout");
      return state.sent < spec.count ? sendNext(spec, state, nowNs) : receive(spec, state);
    case "datagram":
      return takeReply(state, input, nowNs);
    case "error":
      if (state.receiving || input.error !== "ECONNREFUSED") return finish(state, input.error);
      return { state: { ...state, refused: true }, effects: [] };
    default:
      return { state, effects: [] };
  }
}

function sendNext(spec: UdpClientSpec, state: UdpClientState, nowNs: number): ProgramStep<UdpClientState> {
  const { payload = `ping${state.sent}`, payloadHex } = spec;
  const data = payloadHex === undefined ? new TextEncoder().encode(payload) : octetsOf(payloadHex);
  const sent: UdpClientState = { ...state, sent: state.sent + 1, lastSendNs: nowNs, refused: false };
  const send: ProgramEffect = { kind: "send", socket, data };
  if (spec.count > 1) {
    return { state: sent, effects: [send, { kind: "set timer", timer: timers.gap, afterNs: spec.gapNs }] };
  }
  const wait = receive(spec, sent);
  return { state: wait.state, effects: [send, ...wait.effects] };
}

/** What a terminal would take as a command is shown as `\x07`. */
function printable(text: string): string {
  return Array.from(text, (char) => {
    const code = char.charCodeAt(0);
    const isControl = (code < 0x20 && char !== "\n" && char !== "\t") || (code >= 0x7f && code < 0xa0);
    return isControl ? `\\x${code.toString(16).padStart(2, "0")}` : char;
  }).join("");
}

function octetsOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

function receive(spec: UdpClientSpec, state: UdpClientState): ProgramStep<UdpClientState> {
  if (state.refused) return finish(state, "ECONNREFUSED");
  if (state.reply !== undefined) return finish(state);
  return {
    state: { ...state, receiving: true },
    effects: [{ kind: "set timer", timer: timers.timeout, afterNs: spec.timeoutNs }],
  };
}

function takeReply(
  state: UdpClientState,
  datagram: ProgramInput & { kind: "datagram" },
  nowNs: number,
): ProgramStep<UdpClientState> {
  if (state.reply !== undefined) return { state, effects: [] };
  const text = new TextDecoder().decode(datagram.data);
  const timeNs = nowNs - state.lastSendNs;
  const replied = { ...state, reply: { from: datagram.from.address, ttl: datagram.ttl, text, timeNs } };
  return state.receiving ? finish(replied) : { state: replied, effects: [] };
}

function finish(state: UdpClientState, error?: SocketError | "timeout"): ProgramStep<UdpClientState> {
  const reply = error === undefined ? state.reply : undefined;
  const ok = reply !== undefined;
  const result: ProgramResult = {
    ok,
    ...(error === undefined ? {} : { error }),
    sent: state.sent,
    received: ok ? 1 : 0,
    ...(ok ? { reply } : {}),
    errors: [],
  };
  const text = error === undefined ? `${printable(reply?.text ?? "")}\n` : `udp: ${errorText(error)}\n`;
  return {
    state,
    effects: [
      { kind: "print", text },
      { kind: "close", socket },
      { kind: "exit", status: ok ? 0 : 1, result },
    ],
  };
}
