import { type DnsRecord, typeOf } from "../../wire/dns.ts";
import { printData, printRcode, printType } from "../../wire/dns-text.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import type { DnsAnswer, Program, ProgramEffect, ProgramInput, ProgramResult, ProgramStep } from "../program.ts";
import { millisecondNs } from "../time.ts";
import {
  beginLookup,
  continueLookup,
  endLookup,
  type LookupOutcome,
  type LookupState,
  type LookupStep,
} from "./lookup.ts";
import type { ResolverSettings } from "./search-list.ts";

/** A name that a program looks up before it does anything else. */
export interface LookupSpec {
  readonly name: string;
  readonly resolver: ResolverSettings;
  /** The id of the first query. */
  readonly identifier: number;
  /** What the program calls itself when it complains. */
  readonly program: "curl" | "udp" | "tcp";
  /** How long all may take; for the program itself is left what the lookup leaves. */
  readonly timeoutNs: number;
}

export interface ByNameState {
  readonly startNs: number;
  readonly lookup: LookupState;
  readonly answer?: DnsAnswer;
  /** The state of the program proper, once it runs. */
  readonly inner?: unknown;
  readonly address?: Ipv4Address;
  readonly leftNs?: number;
}

/** Behind the timers of programs, and that of the lookup. */
const maximumTime = 101;
const couldNotResolve = 6;
const timedOut = 28;

/** A program that is given the name of its peer: getaddrinfo(3) first, and then what it does with the address. */
export function byName(
  spec: LookupSpec,
  inner: (address: Ipv4Address, leftNs: number) => Program<unknown>,
): Program<ByNameState> {
  return {
    start(nowNs) {
      const step = beginLookup(spec.resolver, spec.name, spec.identifier);
      const limit: ProgramEffect = { kind: "set timer", timer: maximumTime, afterNs: spec.timeoutNs };
      const first = afterStep(spec, inner, { startNs: nowNs, lookup: step.state }, step, nowNs);
      return { state: first.state, effects: [limit, ...first.effects] };
    },
    handle(state, input, nowNs) {
      if (state.address !== undefined) return goOn(inner, state, input, nowNs);
      if (input.kind === "timer" && input.timer === maximumTime) return giveUp(spec, state, nowNs);
      return afterStep(spec, inner, state, continueLookup(state.lookup, input), nowNs);
    },
  };
}

type Inner = (address: Ipv4Address, leftNs: number) => Program<unknown>;

function afterStep(
  spec: LookupSpec,
  inner: Inner,
  before: ByNameState,
  { state: lookup, effects, outcome }: LookupStep,
  nowNs: number,
): ProgramStep<ByNameState> {
  const state: ByNameState = { ...before, lookup };
  if (outcome === undefined) return { state, effects };
  const answer = answerOf(outcome, nowNs - before.startNs);
  const clear: ProgramEffect = { kind: "clear timer", timer: maximumTime };
  if (outcome.kind !== "found") return fail(spec, { ...state, answer }, [...effects, clear], outcome);
  const leftNs = Math.max(millisecondNs, spec.timeoutNs - (nowNs - before.startNs));
  const started = inner(outcome.address, leftNs).start(nowNs);
  return {
    state: { ...state, answer, address: outcome.address, leftNs, inner: started.state },
    effects: [...effects, clear, ...started.effects.map((effect) => withAnswer(effect, answer))],
  };
}

function goOn(inner: Inner, state: ByNameState, input: ProgramInput, nowNs: number): ProgramStep<ByNameState> {
  const program = inner(state.address as Ipv4Address, state.leftNs as number);
  const step = program.handle(state.inner, input, nowNs);
  const effects = step.effects.map((effect) => withAnswer(effect, state.answer as DnsAnswer));
  return { state: { ...state, inner: step.state }, effects };
}

/** What the program found out goes with what the name was found to be. */
function withAnswer(effect: ProgramEffect, answer: DnsAnswer): ProgramEffect {
  return effect.kind === "exit" ? { ...effect, result: { ...effect.result, answer } } : effect;
}

function fail(
  { program, name }: LookupSpec,
  state: ByNameState,
  before: readonly ProgramEffect[],
  outcome: LookupOutcome,
): ProgramStep<ByNameState> {
  const text =
    program === "curl"
      ? `curl: (${couldNotResolve}) Could not resolve host: ${name}`
      : `${program}: ${name}: ${gaiText(outcome)}`;
  return end(
    state,
    before,
    text,
    program === "curl" ? couldNotResolve : 1,
    outcome.kind === "TRY_AGAIN" ? "EAI_AGAIN" : "EAI_NONAME",
  );
}

/** What gai_strerror(3) says in glibc. */
function gaiText({ kind }: LookupOutcome): string {
  if (kind === "TRY_AGAIN") return "Temporary failure in name resolution";
  if (kind === "NO_DATA") return "No address associated with hostname";
  return kind === "NO_RECOVERY" ? "Non-recoverable failure in name resolution" : "Name or service not known";
}

function giveUp({ program, name }: LookupSpec, state: ByNameState, nowNs: number): ProgramStep<ByNameState> {
  const afterMs = Math.floor((nowNs - state.startNs) / millisecondNs);
  const text =
    program === "curl"
      ? `curl: (${timedOut}) Resolving timed out after ${afterMs} milliseconds`
      : `${program}: ${name}: looking up the name timed out`;
  return end(state, endLookup(state.lookup), text, program === "curl" ? timedOut : 1, "timeout");
}

function end(
  state: ByNameState,
  before: readonly ProgramEffect[],
  text: string,
  status: number,
  error: NonNullable<ProgramResult["error"]>,
): ProgramStep<ByNameState> {
  const { answer } = state;
  const result: ProgramResult = { ok: false, error, sent: 0, received: 0, errors: [], ...(answer && { answer }) };
  return {
    state,
    effects: [...before, { kind: "print", text: `${text}\n` }, { kind: "exit", status, result }],
  };
}

function answerOf({ name, sent, from, rcode, records }: LookupOutcome, timeNs: number): DnsAnswer {
  return { status: printRcode(rcode), name, queries: sent, from, records: records.map(recordOf), timeNs };
}

/** A record as expectations see it. */
export function recordOf(record: DnsRecord): DnsAnswer["records"][number] {
  return { name: record.name, type: printType(typeOf(record)), ttl: record.ttlSeconds, data: printData(record) };
}
