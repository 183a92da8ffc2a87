import { formatIpv4 } from "../../wire/ipv4-address.ts";
import type { Arping, Ping, Statement, Traceroute } from "../statements.ts";
import { type Argv, inNamespace, shellForm } from "./commands.ts";
import type { NamespaceNames } from "./namespace-names.ts";

/** What an administrator types for one statement; undefined for one that a program of ours runs, or that is no command. */
export function statementCommands(statement: Statement, names: NamespaceNames): readonly Argv[] | undefined {
  switch (statement.do) {
    case "ping":
      return [inNamespace(names.of(statement.netns), pingArgv(statement))];
    case "arping":
      return [inNamespace(names.of(statement.netns), arpingArgv(statement))];
    case "traceroute":
      return [inNamespace(names.of(statement.netns), tracerouteArgv(statement))];
    case "configure":
      return statement.commands.flatMap((command) => shellForm(command, names).commands.map(({ argv }) => argv));
    case "wait":
      return [["sleep", seconds(statement.durationNs)]];
    default:
      return undefined;
  }
}

/** iputils' `ping`. */
export function pingArgv(ping: Ping): Argv {
  const { count, intervalNs, sizeBytes, ttl, dontFragment, timeoutNs, identifier, destination } = ping;
  return [
    ...["ping", "-n", "-c", String(count), "-i", seconds(intervalNs), "-s", String(sizeBytes), "-t", String(ttl)],
    ...["-M", dontFragment ? "do" : "dont", "-W", seconds(timeoutNs)],
    ...(identifier === undefined ? [] : ["-e", String(identifier)]),
    formatIpv4(destination),
  ];
}

/** Debian's `traceroute`: by echo requests, one at a time, and each waits as long as any other. */
export function tracerouteArgv({ maxHops, queries, timeoutNs, destination }: Traceroute): Argv {
  return [
    ...["traceroute", "-n", "-I", "-N", "1", "-q", String(queries), "-m", String(maxHops)],
    ...["-w", `${seconds(timeoutNs)},0,0`, formatIpv4(destination)],
  ];
}

/** iputils' `arping`. It has no option for how long it stays after its last probe: that is a second. */
export function arpingArgv({ count, dev, mode, target }: Arping): Argv {
  const modes = { ask: [], announce: ["-U"], answer: ["-A"] } as const;
  return ["arping", "-c", String(count), "-I", dev, ...modes[mode], formatIpv4(target)];
}

function seconds(ns: number): string {
  return String(ns / 1e9);
}
