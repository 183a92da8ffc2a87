import type { InterfaceName } from "../plan/plan.ts";
import type { NamespaceNames } from "../plan/shell/namespace-names.ts";
import type { Children } from "./children.ts";
import { runCommand } from "./run-command.ts";
import { epochNs } from "./time.ts";

/** When bridges (`node1/cbr0`) next look for addresses that have been silent, in nanoseconds since the epoch: it depends on when they were set up. */
export type BridgeTimers = ReadonlyMap<string, number>;

interface LinkRow {
  readonly ifname: string;
  /** `gc_timer` in seconds. */
  readonly linkinfo?: { readonly info_data?: { readonly gc_timer?: number } };
}

/** Half of what `gc_timer` is told in, hundredths of a second. */
const halfStepNs = 5_000_000;

export async function readBridgeTimers(
  bridges: readonly InterfaceName[],
  names: NamespaceNames,
  children: Children,
): Promise<BridgeTimers> {
  const timers = new Map<string, number>();
  const read = async (netns: string) => {
    const { stdout } = await runCommand(
      ["ip", "-n", names.of(netns), "-details", "-j", "link", "show", "type", "bridge"],
      children,
    );
    const nowNs = epochNs();
    for (const { ifname, linkinfo } of JSON.parse(stdout || "[]") as LinkRow[]) {
      const seconds = linkinfo?.info_data?.gc_timer ?? 0;
      if (seconds > 0) timers.set(`${netns}/${ifname}`, nowNs + seconds * 1e9 + halfStepNs);
    }
  };
  await Promise.all([...new Set(bridges.map(({ netns }) => netns))].map(read));
  return timers;
}
