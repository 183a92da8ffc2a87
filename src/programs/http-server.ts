import { httpResponseText, readHttpHead } from "./http.ts";
import { noConnections, type OneAnswerState, serveOneAnswer } from "./one-answer.ts";
import type { Endpoint, Program } from "./program.ts";
import { listenOn } from "./server.ts";

/** An HTTP/1.0 server that greets in the name it was given, which `X-Served-By` tells too. */
export function httpServer(local: Endpoint, name: string): Program<OneAnswerState> {
  return {
    start: () => ({ state: noConnections, effects: [listenOn("tcp", local)] }),
    handle: (state, input) => serveOneAnswer(state, input, (request) => respond(request, name)),
  };
}

/** Waits for the whole head of a request; bodies are of no interest. */
function respond(request: Uint8Array, name: string): string | undefined {
  const head = readHttpHead(request);
  if (head === undefined) return undefined;
  const servedBy = `X-Served-By: ${name}`;
  if (!/^[A-Z]+ \S+ HTTP\/1\.[01]$/.test(head.firstLine))
    return httpResponseText("400 Bad Request", [servedBy], "bad request\n");
  return httpResponseText("200 OK", [servedBy], `hello from ${name}\n`);
}
