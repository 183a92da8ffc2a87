import type { Endpoint, Program, ProgramInput, ProgramStep } from "./program.ts";
import { closeConnection, listenOn, takeServerError } from "./server.ts";

export type SinkState = null;

/** Takes everything and answers nothing (RFC 863); closes a connection when the peer has. */
export function sinkServer(protocol: "tcp" | "udp", local: Endpoint): Program<SinkState> {
  return {
    start: () => ({ state: null, effects: [listenOn(protocol, local)] }),
    handle: (_, input) => handle(input),
  };
}

function handle(input: ProgramInput): ProgramStep<SinkState> {
  if (input.kind === "end of stream") return { state: null, effects: [closeConnection(input.socket)] };
  if (input.kind === "error") return takeServerError(null, input);
  return { state: null, effects: [] };
}
