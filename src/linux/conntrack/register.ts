import { stage } from "../stage.ts";
import type { World } from "../world.ts";

/** What connection tracking does in its own time: it forgets (`nf_conntrack_gc`). */
export function registerConntrack(world: World): void {
  world.sim.on(stage.conntrackTimeout, (connection) => world.conntrack.kill(connection));
}
