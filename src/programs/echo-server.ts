import type { Endpoint, Program, ProgramInput, ProgramStep } from "./program.ts";
import { closeConnection, listenOn, serverSocket, takeServerError } from "./server.ts";

/** Has no memory: what comes in goes out again. */
export type EchoState = null;

/** Sends back what it receives (RFC 862), and closes a connection when the peer has. */
export function echoServer(protocol: "tcp" | "udp", local: Endpoint): Program<EchoState> {
  return {
    start: () => ({ state: null, effects: [listenOn(protocol, local)] }),
    handle: (_, input) => handle(input),
  };
}

function handle(input: ProgramInput): ProgramStep<EchoState> {
  const state = null;
  switch (input.kind) {
    case "datagram":
      return { state, effects: [{ kind: "send to", socket: serverSocket, to: input.from, data: input.data }] };
    case "data":
      return { state, effects: [{ kind: "send", socket: input.socket, data: input.data }] };
    case "end of stream":
      return { state, effects: [closeConnection(input.socket)] };
    case "error":
      return takeServerError(state, input);
    default:
      return { state, effects: [] };
  }
}
