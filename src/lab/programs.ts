import type { Listen } from "../plan/commands.ts";
import type { Lookup } from "../plan/names.ts";
import type { Arping, Curl, Dig, Ping, Statement, TcpConnect, Traceroute, UdpSend } from "../plan/statements.ts";
import { type ArpingProblem, arpingProgram } from "../programs/arping.ts";
import { curlProgram } from "../programs/curl.ts";
import { byName } from "../programs/dns/by-name.ts";
import { digProgram } from "../programs/dns/dig.ts";
import { dnsServer } from "../programs/dns/dns-server.ts";
import { echoServer } from "../programs/echo-server.ts";
import { httpServer } from "../programs/http-server.ts";
import { reverseProxy } from "../programs/ingress/reverse-proxy.ts";
import { pingProgram } from "../programs/ping.ts";
import type { Program } from "../programs/program.ts";
import { sinkServer } from "../programs/sink-server.ts";
import { tcpClient } from "../programs/tcp-client.ts";
import { tracerouteProgram } from "../programs/traceroute.ts";
import { udpClient } from "../programs/udp-client.ts";
import { whoamiServer } from "../programs/whoami-server.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";

/** A statement that runs a program. */
export type ProgramStatement = Ping | UdpSend | TcpConnect | Curl | Dig | Arping | Traceroute;

export function isProgramStatement(statement: Statement): statement is ProgramStatement {
  return ["ping", "udp", "tcp", "curl", "dig", "arping", "traceroute"].includes(statement.do);
}

/** What a program needs to know of the world before it starts. */
export interface ProgramContext {
  /** For a ping or a traceroute, or a first query of names, that has none of its own. */
  identifier(): number;
  /** The address that a device would use as a source, for a question about `target`; undefined when it has none. */
  ownAddress(dev: string, target: Ipv4Address): Ipv4Address | undefined;
  /** What keeps an arping from sending. */
  arpingProblem(statement: Arping): ArpingProblem | undefined;
}

/** The program that a statement runs. */
export function clientFor(statement: ProgramStatement, context: ProgramContext): Program<unknown> {
  switch (statement.do) {
    case "ping":
      return pingProgram({ ...statement, program: "ping", identifier: statement.identifier ?? context.identifier() });
    case "udp":
      return towards(statement, context, (destination) => udpClient({ ...statement, program: "udp", destination }));
    case "tcp":
      return towards(statement, context, (destination, timeoutNs) =>
        tcpClient({ ...statement, program: "tcp", destination, timeoutNs }),
      );
    case "curl":
      return towards(statement, context, (destination, timeoutNs) =>
        curlProgram({ ...statement, program: "curl", destination, timeoutNs }),
      );
    case "dig":
      return digProgram({ ...statement, program: "dig", identifier: statement.identifier ?? context.identifier() });
    case "traceroute": {
      const identifier = statement.identifier ?? context.identifier();
      return tracerouteProgram({ ...statement, program: "traceroute", identifier });
    }
    case "arping":
      return arpingProgram({
        ...statement,
        program: "arping",
        ownAddress: context.ownAddress(statement.dev, statement.target),
        problem: context.arpingProblem(statement),
      });
  }
}

/** A client of an address, or of a name, which it then looks up first. */
function towards(
  { do: program, destination, timeoutNs }: UdpSend | TcpConnect | Curl,
  context: ProgramContext,
  client: (address: Ipv4Address, timeoutNs: number) => Program<unknown>,
): Program<unknown> {
  if (typeof destination === "number") return client(destination, timeoutNs);
  const { name, resolver, identifier = context.identifier() }: Lookup = destination;
  return byName({ name, resolver, identifier, program, timeoutNs }, client) as Program<unknown>;
}

/** The program of a listening container. */
export function serverFor(command: Listen): Program<unknown> {
  const local = { address: command.address, port: command.port };
  switch (command.program) {
    case "echo":
      return echoServer(command.protocol, local);
    case "http":
      return httpServer(local, command.netns);
    case "whoami":
      return whoamiServer(command.protocol, local);
    case "sink":
      return sinkServer(command.protocol, local);
    case "ingress":
      return reverseProxy(local, command.proxy ?? { servers: [], upstreams: {} }) as Program<unknown>;
    case "dns":
      return dnsServer(command.protocol, local, command.names ?? { zones: [], upstreams: [] }) as Program<unknown>;
  }
}
