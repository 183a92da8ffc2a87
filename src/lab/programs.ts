import type { Listen } from "../plan/commands.ts";
import type { Arping, Curl, Ping, Statement, TcpConnect, UdpSend } from "../plan/statements.ts";
import { type ArpingProblem, arpingProgram } from "../programs/arping.ts";
import { curlProgram } from "../programs/curl.ts";
import { echoServer } from "../programs/echo-server.ts";
import { httpServer } from "../programs/http-server.ts";
import { pingProgram } from "../programs/ping.ts";
import type { Program } from "../programs/program.ts";
import { sinkServer } from "../programs/sink-server.ts";
import { tcpClient } from "../programs/tcp-client.ts";
import { udpClient } from "../programs/udp-client.ts";
import { whoamiServer } from "../programs/whoami-server.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";

/** A statement that runs a program. */
export type ProgramStatement = Ping | UdpSend | TcpConnect | Curl | Arping;

export function isProgramStatement(statement: Statement): statement is ProgramStatement {
  return ["ping", "udp", "tcp", "curl", "arping"].includes(statement.do);
}

/** What a program needs to know of the world before it starts. */
export interface ProgramContext {
  /** For a ping that names none. */
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
      return udpClient({ ...statement, program: "udp" });
    case "tcp":
      return tcpClient({ ...statement, program: "tcp" });
    case "curl":
      return curlProgram({ ...statement, program: "curl" });
    case "arping":
      return arpingProgram({
        ...statement,
        program: "arping",
        ownAddress: context.ownAddress(statement.dev, statement.target),
        problem: context.arpingProblem(statement),
      });
  }
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
  }
}
