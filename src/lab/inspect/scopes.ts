import type { PacketData } from "../../linux/packets.ts";
import type { World } from "../../linux/world.ts";
import type { ScopeRow } from "../protocol.ts";
import { changedScope } from "./changed-scope.ts";
import { hereScope } from "./here-scope.ts";
import { kernelScope } from "./kernel-scope.ts";
import { namespaceScope } from "./namespace-scope.ts";
import { packetScope } from "./packet-scope.ts";

/** What a stack frame is about. */
export interface InspectionTarget {
  /** The packet's row, or 0 where there is none: the scenario, or a packet that is gone. */
  readonly packet: number;
  /** What the packet carries, or carried at its end. */
  readonly data: PacketData | null;
  /** The stage that the frame stands for; 0 for a label. */
  readonly stage: number;
  /** Where that stage is run; 0 where that is nowhere. */
  readonly device: number;
  /** The position from which on changes are shown; absent: before the last event. */
  readonly since?: number;
}

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
