import type { World } from "../../linux/world.ts";
import type { Inspection } from "../protocol.ts";
import { connectionTable } from "./connections.ts";
import { devicesOf } from "./find.ts";
import { resolvConfInspections } from "./resolv-conf.ts";
import { arpTable, deviceInspection, routeTable, socketTable, sysctlTable } from "./row-inspections.ts";
import { ruleInspections } from "./rules.ts";
import { count } from "./words.ts";

/** Interfaces, routes, neighbours, sockets, resolv.conf and sysctls of one network namespace. */
export function namespaceScope(world: World, netns: number): readonly Inspection[] {
  const devices = [...devicesOf(world, netns)];
  return [
    { name: "name", value: world.namespaces.name.get(netns) },
    {
      name: "interfaces",
      value: count(devices.length, "interface"),
      childCount: devices.length,
      children: () =>
        devices.map((device) => ({ ...deviceInspection(world, device), name: world.devices.name.get(device) })),
    },
    routeTable(world, netns),
    arpTable(world, netns),
    ...ruleInspections(world, netns),
    ...connectionTable(world, netns),
    socketTable(world, netns),
    ...resolvConfInspections(world, netns),
    sysctlTable(world, netns),
  ];
}
