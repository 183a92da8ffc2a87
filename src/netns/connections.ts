import { printFlow, protocolName } from "../lab/inspect/print-connection.ts";
import { status } from "../linux/conntrack/status.ts";
import type { World } from "../linux/world.ts";
import type { NetworkPlan } from "../plan/plan.ts";
import type { ScenarioPlan } from "../plan/statements.ts";
import { flatStatements } from "./flat-statements.ts";
import type { Tables } from "./tables.ts";

/** Tables of connections, as `conntrack -L` prints them, without what passes with time and what the kernel draws at random. */

/** Namespaces that rules are loaded into: only there the kernel tracks connections. */
export function namespacesWithRules(plan: NetworkPlan, scenario: ScenarioPlan): readonly string[] {
  const changes = [...flatStatements(scenario.statements)].flatMap((one) =>
    one.do === "configure" ? one.commands : [],
  );
  const names = [...plan.setUp(), ...changes].flatMap((command) =>
    command.do === "iptables" || command.do === "iptables-restore" || command.do === "nft" ? [command.netns] : [],
  );
  return [...new Set(names)];
}

/** The tables of nftables that the plan makes, by namespace: `ip kube-proxy`. */
export function tablesOfNft(plan: NetworkPlan, scenario: ScenarioPlan): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const changes = [...flatStatements(scenario.statements)].flatMap((one) =>
    one.do === "configure" ? one.commands : [],
  );
  for (const command of [...plan.setUp(), ...changes]) {
    if (command.do !== "nft") continue;
    const tables = found.get(command.netns) ?? new Set();
    found.set(command.netns, tables);
    for (const one of command.commands) if (one.do === "add table") tables.add(`${one.family} ${one.table}`);
  }
  return found;
}

/** `udp      17 29 src=… mark=0 use=1` without the number, the seconds and the references. */
export function normalConnection(line: string): readonly string[] {
  const [, protocol, rest] = /^(\w+)\s+\d+\s+\d+\s+(.*)$/.exec(line.trim()) ?? [];
  if (protocol === undefined) return [];
  return [`${protocol} ${rest.replace(/ use=\d+.*$/, "")}`];
}

/** Those of a namespace that `conntrack -L` would list. */
export function simulatedConnections(world: World, netns: number): readonly string[] {
  const { conntrack } = world;
  return conntrack
    .ofNetns(netns)
    .filter((row) => conntrack.has(row, status.confirmed) && !conntrack.has(row, status.natClash))
    .map((row) => {
      const protocol = protocolName(conntrack.original.get(row).protocol);
      return `${protocol} ${printFlow(world, row)} mark=${conntrack.mark.get(row) >>> 0}`;
    });
}

/** Ports that the file does not name are the kernel's choice: both kernels show `*`. */
export function withoutChosenPorts(tables: Tables, isMentionedPort: (port: number) => boolean): Tables {
  const hide = (row: string) =>
    row.replace(/\b([sd]port)=(\d+)/g, (all, name, port) => (isMentionedPort(Number(port)) ? all : `${name}=*`));
  return new Map([...tables].map(([name, rows]) => [name, name.endsWith(" conntrack") ? rows.map(hide) : rows]));
}
