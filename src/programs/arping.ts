import { formatIpv4, type Ipv4Address } from "../wire/ipv4-address.ts";
import { broadcastMac, formatMac, type MacAddress } from "../wire/mac-address.ts";
import type { Program, ProgramEffect, ProgramInput, ProgramResult, ProgramStep, SocketError } from "./program.ts";
import { errorText } from "./socket-error.ts";
import { microsecondNs, millisecondNs, secondNs } from "./time.ts";

export interface ArpingSpec {
  readonly program: "arping";
  readonly dev: string;
  readonly target: Ipv4Address;
  /** The device's own address, for the first line; absent where the caller does not know it. */
  readonly ownAddress?: Ipv4Address;
  /** What keeps it from sending anything. */
  readonly problem?: ArpingProblem;
  readonly count: number;
  /** `ask` waits for replies; `announce` is `-U` (gratuitous requests), `answer` is `-A` (gratuitous replies). */
  readonly mode: "ask" | "announce" | "answer";
  /** How long it stays after the last probe. */
  readonly timeoutNs: number;
}

/**
 * The device is down; the address that it should announce is not this machine's; the target is a broadcast address; the machine
 * has no address at all.
 */
export type ArpingProblem = "down" | "EADDRNOTAVAIL" | "EACCES" | "no source";

export interface ArpingState {
  readonly sent: number;
  readonly broadcasts: number;
  readonly received: number;
  readonly requests: number;
  readonly broadcastsReceived: number;
  readonly lastSendNs: number;
  /** Who answered: from then on it alone is asked. */
  readonly answerer?: MacAddress;
  readonly reply?: ProgramResult["reply"];
}

/** iputils' `arping`: one probe a second, the first to everybody, those after an answer to the answerer only. */
export function arpingProgram(spec: ArpingSpec): Program<ArpingState> {
  return {
    start: (nowNs) => start(spec, nowNs),
    handle: (state, input, nowNs) => handle(spec, state, input, nowNs),
  };
}

const socket = 3;
const tick = 1;
const operation = { request: 1, reply: 2 } as const;

function start(spec: ArpingSpec, nowNs: number): ProgramStep<ArpingState> {
  const state: ArpingState = {
    sent: 0,
    broadcasts: 0,
    received: 0,
    requests: 0,
    broadcastsReceived: 0,
    lastSendNs: nowNs,
  };
  const source = spec.mode === "ask" ? spec.ownAddress : spec.target;
  const from = source === undefined ? "" : `from ${formatIpv4(source)} `;
  const title: ProgramEffect = { kind: "print", text: `ARPING ${formatIpv4(spec.target)} ${from}${spec.dev}\n` };
  if (spec.problem !== undefined) return { state, effects: refuse(spec.problem, spec, title) };
  const first = sendProbe(spec, state, nowNs);
  return {
    state: first.state,
    effects: [{ kind: "open arp", socket, dev: spec.dev }, title, ...first.effects],
  };
}

/** It looks at the device's flags first, then binds or connects a UDP socket to have a source address (iputils, arping.c). */
function refuse(problem: ArpingProblem, spec: ArpingSpec, title: ProgramEffect): readonly ProgramEffect[] {
  const texts: Readonly<Record<ArpingProblem, string>> = {
    down: `Interface "${spec.dev}" is down`,
    EACCES: `arping: connect: ${errorText("EACCES")}`,
    EADDRNOTAVAIL: `arping: bind: ${errorText("EADDRNOTAVAIL")}`,
    "no source": "arping: no source address in not-DAD mode",
  };
  const error = problem === "EADDRNOTAVAIL" || problem === "EACCES" ? { error: problem } : {};
  const result: ProgramResult = { ok: false, ...error, sent: 0, received: 0, errors: [] };
  return [
    ...(problem === "no source" ? [title] : []),
    { kind: "print", text: `${texts[problem]}\n` },
    { kind: "exit", status: 2, result },
  ];
}

function handle(spec: ArpingSpec, state: ArpingState, input: ProgramInput, nowNs: number): ProgramStep<ArpingState> {
  switch (input.kind) {
    case "timer":
      return state.sent < spec.count ? sendProbe(spec, state, nowNs) : finish(spec, state);
    case "arp":
      return takeArp(spec, state, input, nowNs);
    case "error":
      return failToOpen(spec, state, input.error);
    default:
      return { state, effects: [] };
  }
}

function sendProbe(spec: ArpingSpec, state: ArpingState, nowNs: number): ProgramStep<ArpingState> {
  const destination = state.answerer ?? broadcastMac;
  const isBroadcast = destination === broadcastMac;
  const sent: ArpingState = {
    ...state,
    sent: state.sent + 1,
    broadcasts: state.broadcasts + (isBroadcast ? 1 : 0),
    lastSendNs: nowNs,
  };
  const probe: ProgramEffect = {
    kind: "send arp",
    socket,
    operation: spec.mode === "answer" ? operation.reply : operation.request,
    senderIp: spec.mode === "ask" ? "own" : spec.target,
    targetIp: spec.target,
    targetMac: spec.mode === "answer" ? "own" : destination,
    ethernetDestination: destination,
  };
  const afterNs = sent.sent < spec.count ? secondNs : spec.timeoutNs;
  return { state: sent, effects: [probe, { kind: "set timer", timer: tick, afterNs }] };
}

/** Only what the target itself says to the asker counts; its own announcement does, where it comes back (iputils, recv_pack). */
function takeArp(
  spec: ArpingSpec,
  state: ArpingState,
  arp: ProgramInput & { kind: "arp" },
  nowNs: number,
): ProgramStep<ArpingState> {
  const source = spec.mode === "ask" ? spec.ownAddress : spec.target;
  const isForMe = arp.isForMyMac && (source === undefined || arp.targetIp === source);
  if (arp.senderIp !== spec.target || !isForMe) return { state, effects: [] };
  const isReply = arp.operation === operation.reply;
  const timeNs = nowNs - state.lastSendNs;
  const who = `${formatIpv4(arp.senderIp)} [${formatMac(arp.senderMac).toUpperCase()}]`;
  const how = `${arp.isBroadcast ? "Broadcast" : "Unicast"} ${isReply ? "reply" : "request"}`;
  const text = `${how} from ${who}  ${millisecondsText(timeNs)}ms`;
  return {
    state: {
      ...state,
      received: state.received + 1,
      requests: state.requests + (isReply ? 0 : 1),
      broadcastsReceived: state.broadcastsReceived + (arp.isBroadcast ? 1 : 0),
      answerer: arp.senderMac,
      reply: { from: arp.senderIp, ttl: 0, text: formatMac(arp.senderMac), timeNs },
    },
    effects: [{ kind: "print", text: `${text}\n` }],
  };
}

function finish(spec: ArpingSpec, state: ArpingState): ProgramStep<ArpingState> {
  const ok = spec.mode !== "ask" || state.received > 0;
  const result: ProgramResult = {
    ok,
    ...(ok ? {} : { error: "timeout" }),
    sent: state.sent,
    received: state.received,
    ...(state.reply === undefined ? {} : { reply: state.reply }),
    errors: [],
  };
  const kinds = [
    ...(state.requests > 0 ? [`${state.requests} request(s)`] : []),
    ...(state.broadcastsReceived > 0 ? [`${state.broadcastsReceived} broadcast(s)`] : []),
  ];
  const ofThem = kinds.length > 0 ? ` (${kinds.join(", ")})` : "";
  const text =
    `Sent ${state.sent} probes (${state.broadcasts} broadcast(s))\n` +
    `Received ${state.received} response(s)${ofThem}\n`;
  return {
    state,
    effects: [
      { kind: "print", text },
      { kind: "exit", status: ok ? 0 : 1, result },
    ],
  };
}

function failToOpen(spec: ArpingSpec, state: ArpingState, error: SocketError): ProgramStep<ArpingState> {
  const result: ProgramResult = { ok: false, error, sent: 0, received: 0, errors: [] };
  return {
    state,
    effects: [
      { kind: "print", text: `arping: Interface "${spec.dev}" is not available\n` },
      { kind: "exit", status: 2, result },
    ],
  };
}

function millisecondsText(timeNs: number): string {
  const us = Math.floor((timeNs % millisecondNs) / microsecondNs);
  return `${Math.floor(timeNs / millisecondNs)}.${String(us).padStart(3, "0")}`;
}
