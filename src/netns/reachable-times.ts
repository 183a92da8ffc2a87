import type { NamespaceNames } from "../plan/shell/namespace-names.ts";
import type { Children } from "./children.ts";
import { runCommand } from "./run-command.ts";

/** How long an answer of a neighbour is taken for true, by interface (`pod1/eth0`), in nanoseconds: Linux draws it at random. */
export type ReachableTimes = ReadonlyMap<string, number>;

/** Between half and one and a half times `base_reachable_time_ms`, 30 s (net/core/neighbour.c, neigh_rand_reach_time). */
const allowedMs = { minimum: 15_000, maximum: 45_000 } as const;

interface NeighbourParameters {
  readonly family: string;
  readonly dev?: string;
  readonly reachable: number;
  readonly base_reachable: number;
  readonly retrans: number;
  readonly delay_probe: number;
  readonly ucast_probes: number;
  readonly mcast_probes: number;
}

/** What the simulated kernel takes for given; a namespace copies these from its machine and they cannot be set before. */
const expected = {
  base_reachable: 30_000,
  retrans: 1000,
  delay_probe: 5000,
  ucast_probes: 3,
  mcast_probes: 3,
} as const;

/** Reads them, and complains of what the simulated kernel could not have drawn. */
export async function readReachableTimes(
  namespaces: readonly string[],
  names: NamespaceNames,
  children: Children,
): Promise<{ readonly times: ReachableTimes; readonly complaints: readonly string[] }> {
  const times = new Map<string, number>();
  const complaints: string[] = [];
  const read = async (netns: string) => {
    const { stdout } = await runCommand(["ip", "-n", names.of(netns), "-j", "ntable", "show"], children);
    for (const row of JSON.parse(stdout || "[]") as NeighbourParameters[]) {
      if (row.family !== "inet" || row.dev === undefined) continue;
      const device = `${netns}/${row.dev}`;
      times.set(device, row.reachable * 1e6);
      complaints.push(...complaintsOf(device, row));
    }
  };
  await Promise.all(namespaces.map(read));
  return { times, complaints };
}

function complaintsOf(device: string, row: NeighbourParameters): readonly string[] {
  const others = Object.entries(expected).filter(([key, value]) => row[key as keyof typeof expected] !== value);
  const named = others.map(
    ([key, value]) => `${device}: this machine sets ${key} to ${row[key as keyof typeof expected]}, not ${value}`,
  );
  const isAllowed = row.reachable >= allowedMs.minimum && row.reachable <= allowedMs.maximum;
  return isAllowed ? named : [...named, `${device}: a reachable time of ${row.reachable} ms is not from 15 to 45 s`];
}
