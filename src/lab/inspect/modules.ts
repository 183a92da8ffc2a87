import type { SourceRange } from "../../base/source-range.ts";
import type { World } from "../../linux/world.ts";
import { devicesOf } from "./find.ts";
import { printPrefix } from "./print.ts";

/** A network namespace as clients list what a program is made of. */
export interface NamespaceRow {
  readonly name: string;
  /** `node`, `pod`, `router`, … */
  readonly role: string;
  readonly addresses: readonly string[];
  readonly source: SourceRange | undefined;
}

/** The network namespaces in the order in which they were made, `count` of them from `start` on. */
export function namespaceRows(
  world: World,
  start: number,
  count: number,
): { readonly rows: readonly NamespaceRow[]; readonly total: number } {
  const { namespaces, addresses } = world;
  const rows: NamespaceRow[] = [];
  let index = 0;
  for (const netns of namespaces.table.rows()) {
    if (index++ < start || rows.length >= count) continue;
    const own = [...devicesOf(world, netns)]
      .filter((device) => device !== namespaces.loopback.get(netns))
      .flatMap((device) => addresses.ofDevice(device).map((row) => printPrefix(world, row)));
    const [name, role] = [namespaces.name.get(netns), namespaces.role.get(netns)];
    rows.push({ name, role, addresses: own, source: namespaces.source.get(netns) ?? undefined });
  }
  return { rows, total: namespaces.table.size };
}
