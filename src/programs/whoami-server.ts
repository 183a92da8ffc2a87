import { formatIpv4 } from "../wire/ipv4-address.ts";
import { joinBytes } from "../wire/octets.ts";
import { httpResponseText, readHttpHead } from "./http.ts";
import { noConnections, type OneAnswerState, serveOneAnswer } from "./one-answer.ts";
import type { Endpoint, Program } from "./program.ts";
import { listenOn, serverSocket } from "./server.ts";

/** Tells a TCP client by which address and port it is seen, whatever it sends; sends datagrams back with `echo:` before them. */
export function whoamiServer(protocol: "tcp" | "udp", local: Endpoint): Program<OneAnswerState> {
  return {
    start: () => ({ state: noConnections, effects: [listenOn(protocol, local)] }),
    handle: (state, input) => {
      if (input.kind !== "datagram") return serveOneAnswer(state, input, whoYouAre);
      const data = joinBytes(new TextEncoder().encode("echo:"), input.data);
      return { state, effects: [{ kind: "send to", socket: serverSocket, to: input.from, data }] };
    },
  };
}

/** A proxy in between says for whom it asks. */
function whoYouAre(request: Uint8Array, from: Endpoint): string {
  const headers = readHttpHead(request)?.headers ?? {};
  const proxied = forwardedHeaders.flatMap((name) => {
    const value = headers[name.toLowerCase()];
    return value === undefined ? [] : [`${name}: ${value}\n`];
  });
  const body = `you are ${formatIpv4(from.address)}:${from.port}\n${proxied.join("")}`;
  return httpResponseText("200 OK", [], body);
}

const forwardedHeaders = ["X-Forwarded-For", "X-Forwarded-Host"] as const;
