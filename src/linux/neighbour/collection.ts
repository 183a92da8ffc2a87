import { nud, nudInTimer } from "../neighbours.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { removeNeighbour } from "./neighbour.ts";
import { neighbourSettings } from "./settings.ts";

export function registerCollection(world: World): void {
  world.sim.on(stage.neighGc, (node) => periodicCollection(world, node));
}

/** `neigh_periodic_work` (net/core/neighbour.c): forgets what failed, and what was not used for gc_stale_time. */
function periodicCollection(world: World, node: number): void {
  const { nodes, neighbours } = world;
  if (nodes.neighbours.get(node) < nodes.gcThresh1.get(node)) return;
  for (const row of [...neighbours.table.rows()]) if (isForgotten(world, node, row)) removeNeighbour(world, row);
  nodes.scheduleGc(node, world.nowNs);
}

function isForgotten(world: World, node: number, row: number): boolean {
  const { neighbours, devices, namespaces, nowNs } = world;
  const device = neighbours.device.get(row);
  if (namespaces.node.get(devices.netns.get(device)) !== node) return false;
  const state = neighbours.state.get(row);
  if ((state & (nud.permanent | nudInTimer)) !== 0) return false;
  const usedNs = Math.max(neighbours.usedNs.get(row), neighbours.confirmedNs.get(row));
  return state === nud.failed || nowNs >= usedNs + neighbourSettings(world, device).staleTimeNs;
}
