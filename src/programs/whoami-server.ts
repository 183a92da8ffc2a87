import { formatIpv4 } from "../wire/ipv4-address.ts";
import { joinBytes } from "../wire/octets.ts";
import { httpResponseText } from "./http.ts";
import { noConnections, type OneAnswerState, serveOneAnswer } from "./one-answer.ts";
import type { Endpoint, Program } from "./program.ts";
import { listenOn, serverSocket } from "./server.ts";

/** Tells a TCP client by which address and port it is seen, whatever it sends; sends datagrams back with `echo:` before them. */
export function whoamiServer(protocol: "tcp" | "udp", local: Endpoint): Program<OneAnswerState> {
  return {
    start: () => ({ state: noConnections, effects: [listenOn(protocol, local)] }),
    handle: (state, input) => {
      if (input.kind !== "datagram") return serveOneAnswer(state, input, (_, from) => whoYouAre(from));
      const data = joinBytes(new TextEncoder().encode("echo:"), input.data);
      return { state, effects: [{ kind: "send to", socket: serverSocket, to: input.from, data }] };
    },
  };
}

function whoYouAre(from: Endpoint): string {
  return httpResponseText("200 OK", [], `you are ${formatIpv4(from.address)}:${from.port}\n`);
}
