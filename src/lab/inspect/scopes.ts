import type { World } from "../../linux/world.ts";
import type { ScopeRow } from "../protocol.ts";
import { changedScope } from "./changed-scope.ts";
import { hereScope } from "./here-scope.ts";
import { kernelScope } from "./kernel-scope.ts";
import { namespaceScope } from "./namespace-scope.ts";
import { packetScope } from "./packet-scope.ts";
import type { InspectionTarget } from "./target.ts";

/** Packet, Here, Namespace, Kernel, Changed: those of them that the frame has. */
export function scopesFor(world: World, target: InspectionTarget): readonly ScopeRow[] {
  const { data, device } = target;
  const netns = device === 0 ? 0 : world.devices.netns.get(device);
  const scopes: ScopeRow[] = [];
  if (data !== null) scopes.push(scope("Packet", () => packetScope(world, target.packet, data)));
  if (device !== 0) scopes.push(scope("Here", () => hereScope(world, target)));
  if (netns !== 0) scopes.push(scope("Namespace", () => namespaceScope(world, netns)));
  scopes.push(scope("Kernel", () => kernelScope(world, netns)));
  scopes.push(scope("Changed", () => changedScope(world, target.since ?? world.sim.position - 1)));
  return scopes;
}

function scope(name: string, children: ScopeRow["children"]): ScopeRow {
  return { name, expensive: false, children };
}
