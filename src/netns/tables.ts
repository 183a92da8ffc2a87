import { printFdbRow, printNeighbour, printRoute, printVtep } from "../lab/inspect/print.ts";
import { jiffyNs } from "../linux/fdb.ts";
import type { World } from "../linux/world.ts";
import type { InterfaceName } from "../plan/plan.ts";
import type { NamespaceNames } from "../plan/shell/namespace-names.ts";
import type { Children } from "./children.ts";
import { normalConnection, simulatedConnections } from "./connections.ts";
import { nftRows, simulatedNftRows } from "./nft-tables.ts";
import { runCommand } from "./run-command.ts";

/** Rows as Linux prints them, by table: `pod1 neigh`, `node1 route`, `node1 fdb of cbr0`. */
export type Tables = ReadonlyMap<string, readonly string[]>;

/** Asks the real kernel. */
export async function realTables(
  namespaces: readonly string[],
  bridges: readonly InterfaceName[],
  vxlans: readonly InterfaceName[],
  withRules: readonly string[],
  withNft: ReadonlyMap<string, ReadonlySet<string>>,
  names: NamespaceNames,
  children: Children,
): Promise<Tables> {
  const ask = async (
    table: string,
    argv: readonly string[],
    normal: (line: string) => readonly string[] = normalRow,
    rows = (text: string): readonly string[] => text.split("\n").flatMap(normal),
  ): Promise<readonly [string, readonly string[]]> => {
    const { stdout } = await runCommand(argv, children);
    return [table, [...rows(stdout)].sort()];
  };
  const questions = [
    ...namespaces.flatMap((netns) => {
      const ip = ["ip", "-n", names.of(netns), "-4"];
      return [ask(`${netns} neigh`, [...ip, "neigh", "show"]), ask(`${netns} route`, [...ip, "route", "show"])];
    }),
    ...withRules.map((netns) =>
      ask(`${netns} conntrack`, ["ip", "netns", "exec", names.of(netns), "conntrack", "-L"], normalConnection),
    ),
    ...[...withNft].map(([netns, tables]) =>
      ask(
        `${netns} nft`,
        ["ip", "netns", "exec", names.of(netns), "nft", "list", "ruleset"],
        (text) => [text],
        (text) => nftRows(text, tables),
      ),
    ),
    ...bridges.map(({ netns, dev }) =>
      ask(`${netns} fdb of ${dev}`, ["bridge", "-n", names.of(netns), "fdb", "show", "br", dev]),
    ),
    ...vxlans.map(({ netns, dev }) =>
      ask(`${netns} fdb of ${dev}`, ["bridge", "-n", names.of(netns), "fdb", "show", "dev", dev], vtepRow),
    ),
  ];
  return new Map(await Promise.all(questions));
}

/** Asks the simulated one for the same tables, as it would show them at a moment before anything else happens in it. */
export function simulatedTables(world: World, nowNs: number): Tables {
  const tables = new Map<string, string[]>();
  for (const netns of world.namespaces.table.rows()) {
    const name = world.namespaces.name.get(netns);
    tables.set(`${name} neigh`, []);
    tables.set(
      `${name} route`,
      world.routes.ofMain(netns).map((row) => normalRow(printRoute(world, row))[0]),
    );
    const connections = simulatedConnections(world, netns);
    if (connections.length > 0) tables.set(`${name} conntrack`, [...connections]);
    const rules = simulatedNftRows(world, netns);
    if (rules.length > 0) tables.set(`${name} nft`, [...rules]);
  }
  for (const row of world.neighbours.table.rows()) {
    const netns = world.devices.netns.get(world.neighbours.device.get(row));
    tables.get(`${world.namespaces.name.get(netns)} neigh`)?.push(normalRow(printNeighbour(world, row))[0]);
  }
  for (const row of world.fdb.table.rows()) {
    const bridge = world.fdb.bridge.get(row);
    if (isStale(world, row, nowNs)) continue;
    const table = `${world.namespaces.name.get(world.devices.netns.get(bridge))} fdb of ${world.devices.name.get(bridge)}`;
    const rows = tables.get(table) ?? [];
    rows.push(normalRow(printFdbRow(world, row))[0]);
    tables.set(table, rows);
  }
  for (const row of world.vteps.table.rows()) {
    const device = world.vteps.device.get(row);
    const table = `${world.namespaces.name.get(world.devices.netns.get(device))} fdb of ${world.devices.name.get(device)}`;
    tables.set(table, [...(tables.get(table) ?? []), printVtep(world, row)]);
  }
  for (const rows of tables.values()) rows.sort();
  return tables;
}

/** Too old to count, and not yet removed (`has_expired`, net/bridge/br_fdb.c). */
function isStale({ fdb, devices }: World, row: number, nowNs: number): boolean {
  if (!fdb.isLearned(row)) return false;
  return fdb.updatedJiffies.get(row) * jiffyNs + devices.ageingTimeNs.get(fdb.bridge.get(row)) <= nowNs;
}

/**
 * Leaves out what the simulated kernel does not keep: addresses of groups that a device listens to (`self`), rows of VLANs,
 * and whether a route's link is down at the moment; and rows of a bridge that are too old to count (`stale`), which Linux removes
 * some time later.
 */
function normalRow(line: string): readonly string[] {
  const text = line
    .replace(/ (linkdown|dead|onlink)\b/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return text === "" || / self\b/.test(text) || / vlan \d/.test(text) || / (NOARP|stale)$/.test(text) ? [] : [text];
}

/** A vxlan device's own entries say which VTEP they mean; what else is shown of it is its bridge's. */
function vtepRow(line: string): readonly string[] {
  return line.includes(" dst ") ? [line.trim()] : [];
}
