import { createInterface } from "node:readline";
import { clientFor, serverFor } from "../lab/programs.ts";
import type { HostMessage, HostRequest } from "./host-protocol.ts";
import { HostedProcess } from "./hosted-process.ts";

// A process that runs our programs in the network namespace in which it was started: `ip netns exec NAME node program-host.js`.

/** Only ping and arping ask for these, which are not ours here. */
const context = { identifier: () => 0, ownAddress: () => undefined, arpingProblem: () => undefined };

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => start(JSON.parse(line) as HostRequest));
// Whoever started us has gone, or wants us to go.
lines.on("close", () => process.exit(0));
tell({ ready: true });

/** Servers by their containers. */
const servers: { readonly container: string; readonly process: HostedProcess }[] = [];

function start(request: HostRequest): void {
  const { id } = request;
  if ("inform" in request) {
    const { container, names, proxy } = request.inform;
    for (const server of servers)
      if (server.container === container) server.process.handle({ kind: "informed", names, proxy });
    return;
  }
  const program = "listen" in request ? serverFor(request.listen) : clientFor(request.run, context);
  const started = new HostedProcess(program, {
    listening: () => tell({ id, listening: true }),
    printed: (text) => tell({ id, print: text }),
    exited: (exit, result) => tell({ id, exit, result }),
    unable: (what) => tell({ id, unable: what }),
  });
  if ("listen" in request) servers.push({ container: request.listen.container, process: started });
}

function tell(message: HostMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
