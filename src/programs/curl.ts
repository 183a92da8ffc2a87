import type { Ipv4Address } from "../wire/ipv4-address.ts";
import { joinBytes, noBytes } from "../wire/octets.ts";
import { type HttpResponse, readHttpResponse } from "./http.ts";
import type { Program, ProgramEffect, ProgramInput, ProgramResult, ProgramStep, SocketError } from "./program.ts";
import { errorText } from "./socket-error.ts";
import { millisecondNs } from "./time.ts";

export interface CurlSpec {
  readonly program: "curl";
  readonly sourcePort?: number;
  /** The Host header, port included where the URL has one. */
  readonly host: string;
  /** In place of that (`-H "Host: …"`). */
  readonly hostHeader?: string;
  readonly path: string;
  readonly destination: Ipv4Address;
  readonly port: number;
  /** `--max-time`. */
  readonly timeoutNs: number;
}

export interface CurlState {
  readonly connected: boolean;
  readonly startNs: number;
  readonly sentNs: number;
  readonly answer: Uint8Array;
}

/** `curl` with one HTTP/1.1 GET: prints the body, and closes when it is complete. */
export function curlProgram(spec: CurlSpec): Program<CurlState> {
  return {
    start: (nowNs) => start(spec, nowNs),
    handle: (state, input, nowNs) => handle(spec, state, input, nowNs),
  };
}

const socket = 3;
const maximumTime = 1;
/** CURLE_COULDNT_CONNECT and its kin, which are also the exit statuses. */
const code = {
  couldNotConnect: 7,
  timedOut: 28,
  gotNothing: 52,
  receiveError: 56,
  weirdReply: 1,
  partialFile: 18,
} as const;

function start(spec: CurlSpec, nowNs: number): ProgramStep<CurlState> {
  const open: ProgramEffect = {
    kind: "open tcp",
    socket,
    ...(spec.sourcePort === undefined ? {} : { local: { address: 0, port: spec.sourcePort } }),
    remote: { address: spec.destination, port: spec.port },
  };
  const timeout: ProgramEffect = { kind: "set timer", timer: maximumTime, afterNs: spec.timeoutNs };
  return { state: { connected: false, startNs: nowNs, sentNs: nowNs, answer: noBytes }, effects: [open, timeout] };
}

function handle(spec: CurlSpec, state: CurlState, input: ProgramInput, nowNs: number): ProgramStep<CurlState> {
  switch (input.kind) {
    case "connected": {
      const data = new TextEncoder().encode(requestText(spec));
      return { state: { ...state, connected: true, sentNs: nowNs }, effects: [{ kind: "send", socket, data }] };
    }
    case "data":
      return takeData(spec, { ...state, answer: joinBytes(state.answer, input.data) }, nowNs);
    case "end of stream":
      return takeEnd(spec, state, nowNs);
    case "error":
      return takeError(spec, state, input.error, nowNs);
    case "timer":
      return fail(state, code.timedOut, timeoutText(state, nowNs), "timeout");
    default:
      return { state, effects: [] };
  }
}

function requestText(spec: CurlSpec): string {
  return `GET ${spec.path} HTTP/1.1\r\nHost: ${spec.hostHeader ?? spec.host}\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n`;
}

function takeData(spec: CurlSpec, state: CurlState, nowNs: number): ProgramStep<CurlState> {
  const response = readHttpResponse(state.answer);
  const complete = response?.contentLength !== undefined && response.receivedBytes >= response.contentLength;
  return complete ? succeed(spec, state, response, nowNs) : { state, effects: [] };
}

function takeEnd(spec: CurlSpec, state: CurlState, nowNs: number): ProgramStep<CurlState> {
  const response = readHttpResponse(state.answer);
  if (state.answer.length === 0) return fail(state, code.gotNothing, "Empty reply from server");
  if (response === undefined) return fail(state, code.weirdReply, "Received HTTP/0.9 when not allowed");
  if (response.contentLength === undefined) return succeed(spec, state, response, nowNs);
  const missing = response.contentLength - response.receivedBytes;
  return fail(state, code.partialFile, `transfer closed with ${missing} bytes remaining to read`);
}

function takeError(spec: CurlSpec, state: CurlState, error: SocketError, nowNs: number): ProgramStep<CurlState> {
  if (state.connected) return fail(state, code.receiveError, `Recv failure: ${errorText(error)}`, error);
  const timedOut = error === "ETIMEDOUT";
  const reason = timedOut ? "Timeout was reached" : "Couldn't connect to server";
  const afterMs = elapsedMs(state, nowNs);
  const text = `Failed to connect to ${hostName(spec)} port ${spec.port} after ${afterMs} ms: ${reason}`;
  return fail(state, timedOut ? code.timedOut : code.couldNotConnect, text, error);
}

function timeoutText(state: CurlState, nowNs: number): string {
  const after = `timed out after ${elapsedMs(state, nowNs)} milliseconds`;
  if (!state.connected) return `Connection ${after}`;
  const response = readHttpResponse(state.answer);
  const received = response?.receivedBytes ?? 0;
  const of = response?.contentLength === undefined ? "" : ` out of ${response.contentLength}`;
  return `Operation ${after} with ${received}${of} bytes received`;
}

function succeed(spec: CurlSpec, state: CurlState, response: HttpResponse, nowNs: number): ProgramStep<CurlState> {
  const { body } = response.content;
  const result: ProgramResult = {
    ok: true,
    sent: 1,
    received: 1,
    reply: { from: spec.destination, ttl: 0, text: body, timeNs: nowNs - state.sentNs },
    response: response.content,
    errors: [],
  };
  return end(state, body === "" || body.endsWith("\n") ? body : `${body}\n`, 0, result);
}

function fail(state: CurlState, status: number, text: string, error?: SocketError | "timeout"): ProgramStep<CurlState> {
  const result: ProgramResult = {
    ok: false,
    ...(error === undefined ? {} : { error }),
    sent: state.connected ? 1 : 0,
    received: 0,
    errors: [],
  };
  return end(state, `curl: (${status}) ${text}\n`, status, result);
}

function end(state: CurlState, text: string, status: number, result: ProgramResult): ProgramStep<CurlState> {
  return {
    state,
    effects: [
      { kind: "print", text },
      { kind: "close", socket },
      { kind: "exit", status, result },
    ],
  };
}

function hostName(spec: CurlSpec): string {
  return spec.host.replace(/:\d+$/, "");
}

function elapsedMs(state: CurlState, nowNs: number): number {
  return Math.floor((nowNs - state.startNs) / millisecondNs);
}
