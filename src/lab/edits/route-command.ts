import { routeType } from "../../linux/routes.ts";
import type { World } from "../../linux/world.ts";
import type { RouteCommand, RouteType } from "../../plan/commands.ts";
import { routeTypeName } from "../inspect/print.ts";
import { noSource } from "./set-row.ts";
import { Refused } from "./values.ts";

/** A route as the command that would make it, or take it away. */
export function routeCommand(world: World, row: number, verb: RouteCommand["do"]): RouteCommand | Refused {
  const { routes, namespaces, devices } = world;
  if (routes.isConnected.get(row) === 1) return new Refused("The kernel made this route for an address of the device");
  const type = routes.type.get(row);
  const gateway = routes.gateway.get(row);
  const device = routes.device.get(row);
  const preferredSource = routes.preferredSource.get(row);
  return {
    do: verb,
    netns: namespaces.name.get(routes.netns.get(row)),
    type: routeTypeName(type) as RouteType,
    destination: { address: routes.network.get(row), length: routes.prefixLength.get(row) },
    ...(gateway !== 0 && { via: gateway }),
    ...(device !== 0 && type === routeType.unicast && { dev: devices.name.get(device) }),
    ...(preferredSource !== 0 && { preferredSource }),
    metric: routes.metric.get(row),
    table: routes.tableOf(row),
    source: routes.source.get(row) ?? noSource,
  };
}
