import type { SourceRange } from "../base/source-range.ts";
import type { World } from "../linux/world.ts";
import type { NextEvent } from "../sim/simulation.ts";
import { chosenRoute, routeStages } from "./chosen-route.ts";
import { isSame, type RouteDocument, routeLine } from "./documents/route-document.ts";

/** A breakpoint on a route's line, as `Breakpoints` binds it. */
export interface RouteBinding {
  readonly kind: "line";
  readonly label: string;
  readonly stages: readonly number[];
  matches(event: NextEvent): boolean;
  readonly message: string;
  readonly source: SourceRange;
}

/** Stops where a packet is about to be sent by the route on this line. It is known by its text: a route that comes again is the same. */
export function routeBinding(
  world: World,
  document: RouteDocument,
  line: number,
): RouteBinding | { readonly message: string } {
  const wanted = document.routeAt(line);
  if (wanted === undefined) return { message: "A packet can stop at a route." };
  const name = document.netns;
  return {
    kind: "line",
    label: `line ${line}`,
    stages: [...routeStages],
    matches({ walker }) {
      if (walker === 0 || world.namespaces.name.get(world.packets.netns.get(walker)) !== name) return false;
      const chosen = chosenRoute(world, walker);
      return chosen !== 0 && isSame(routeLine(world, chosen), wanted);
    },
    message: "stops when a packet is about to be sent by this route",
    source: document.rangeOfLine(line),
  };
}
