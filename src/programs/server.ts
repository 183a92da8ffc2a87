import type { Endpoint, ProgramEffect, ProgramInput, ProgramStep } from "./program.ts";
import { errorText } from "./socket-error.ts";

/** The one socket that a server opens itself; its connections have the numbers that the kernel gives. */
export const serverSocket = 3;

/** socket(2), bind(2) and, for TCP, listen(2). */
export function listenOn(protocol: "tcp" | "udp", local: Endpoint): ProgramEffect {
  return protocol === "tcp"
    ? { kind: "listen tcp", socket: serverSocket, local }
    : { kind: "open udp", socket: serverSocket, local };
}

export function closeConnection(socket: number): ProgramEffect {
  return { kind: "close", socket };
}

/** A connection that failed is closed. A server that cannot listen ends; one datagram that could not be sent is forgotten. */
export function takeServerError<State>(state: State, input: ProgramInput & { kind: "error" }): ProgramStep<State> {
  const { socket, error } = input;
  if (socket !== serverSocket) return { state, effects: [closeConnection(socket)] };
  if (error !== "EADDRINUSE" && error !== "EADDRNOTAVAIL" && error !== "EACCES") return { state, effects: [] };
  return {
    state,
    effects: [
      { kind: "print", text: `bind: ${errorText(error)}\n` },
      { kind: "exit", status: 1, result: { ok: false, error, sent: 0, received: 0, errors: [] } },
    ],
  };
}
