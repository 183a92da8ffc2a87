import { joinBytes, noBytes } from "../wire/octets.ts";
import type { Endpoint, ProgramInput, ProgramStep } from "./program.ts";
import { closeConnection, serverSocket, takeServerError } from "./server.ts";
import { millisecondNs } from "./time.ts";

/** The connections of a server that answers each of them once. */
export interface OneAnswerState {
  readonly connections: readonly Connection[];
}

interface Connection {
  readonly socket: number;
  readonly from: Endpoint;
  readonly request: Uint8Array;
  readonly answered: boolean;
}

/** The answer to what a connection has sent so far; undefined while that is not yet a whole request. */
export type Answer = (request: Uint8Array, from: Endpoint) => string | undefined;

export const noConnections: OneAnswerState = { connections: [] };

/** Longer than the peer delays an acknowledgment, so that its FIN is always acknowledged on its own. */
const closeAfterNs = 150 * millisecondNs;

/** What a server does with a TCP connection: one answer, and close 150 ms after the peer has. */
export function serveOneAnswer(
  state: OneAnswerState,
  input: ProgramInput,
  answer: Answer,
): ProgramStep<OneAnswerState> {
  switch (input.kind) {
    case "accepted": {
      const connection: Connection = { socket: input.socket, from: input.from, request: noBytes, answered: false };
      return { state: { connections: [...state.connections, connection] }, effects: [] };
    }
    case "data":
      return takeRequest(state, input.socket, input.data, answer);
    case "end of stream":
      return { state, effects: [{ kind: "set timer", timer: input.socket, afterNs: closeAfterNs }] };
    case "timer":
      return { state: without(state, input.timer), effects: [closeConnection(input.timer)] };
    case "error": {
      if (input.socket === serverSocket) return takeServerError(state, input);
      const step = takeServerError(without(state, input.socket), input);
      return { state: step.state, effects: [{ kind: "clear timer", timer: input.socket }, ...step.effects] };
    }
    default:
      return { state, effects: [] };
  }
}

function takeRequest(
  state: OneAnswerState,
  socket: number,
  data: Uint8Array,
  answer: Answer,
): ProgramStep<OneAnswerState> {
  const connection = state.connections.find((one) => one.socket === socket);
  if (connection === undefined || connection.answered) return { state, effects: [] };
  const request = joinBytes(connection.request, data);
  const text = answer(request, connection.from);
  const after: Connection =
    text === undefined ? { ...connection, request } : { ...connection, request: noBytes, answered: true };
  const connections = state.connections.map((one) => (one === connection ? after : one));
  if (text === undefined) return { state: { connections }, effects: [] };
  return { state: { connections }, effects: [{ kind: "send", socket, data: new TextEncoder().encode(text) }] };
}

function without(state: OneAnswerState, socket: number): OneAnswerState {
  return { connections: state.connections.filter((one) => one.socket !== socket) };
}
