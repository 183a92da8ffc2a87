import { fibLookup } from "../linux/ip/fib.ts";
import { isLocalAddress } from "../linux/ip/local.ts";
import type { PacketData } from "../linux/packets.ts";
import { stage } from "../linux/stage.ts";
import type { World } from "../linux/world.ts";
import type { Recorded } from "../sim/change-log.ts";
import type { Ipv4Packet } from "../wire/ipv4.ts";

export const routeStages: ReadonlySet<number> = new Set([stage.routeInput, stage.routeOutput]);

/** The route that a packet before one of these stages will be sent by: its row, or 0 where it is for this machine, or none leads there. */
export function chosenRoute(world: World, packet: number): number {
  const { packets } = world;
  const data = packets.data.get(packet);
  const device = packets.stage.get(packet) === stage.routeInput ? packets.device.get(packet) : 0;
  return data === null ? 0 : routeFor(world, packets.netns.get(packet), device, data, packets.mark.get(packet));
}

/**
 * The route that an event of the recording chose; 0 as well where routes have changed since, so that nobody can say. `row` is the
 * packet's, still in flight.
 */
export function routeChosenIn(world: World, row: number, event: number): number {
  const { sim } = world;
  const known = knownOf(world);
  const { from } = sim.changesOf(event);
  const { to } = sim.changesOf(sim.position - 1);
  const before = known.routes.get(event);
  // Up to where it was looked at last that was answered then.
  if (sim.log.touches(before?.to ?? from, to, known.marks)) return 0;
  const route = before?.route ?? findRoute(world, row, event);
  if (known.routes.size >= mostKnown) known.routes.clear();
  known.routes.set(event, { route, to });
  return route;
}

function findRoute(world: World, row: number, event: number): number {
  const { sim, packets, devices } = world;
  const place = sim.events.place(event);
  const inDevice = sim.events.stage(event) === stage.routeInput ? place : 0;
  const data = valueBefore(world, packets.data, row, event);
  const mark = valueBefore(world, packets.mark, row, event);
  return data === null ? 0 : routeFor(world, devices.netns.get(place), inDevice, data, mark);
}

/** What the column held when the event was about to happen. */
function valueBefore<T>({ sim }: World, column: Recorded & { get(row: number): T }, row: number, event: number): T {
  const { from } = sim.changesOf(event);
  const { to } = sim.changesOf(sim.position - 1);
  const changed = sim.log.find(column, row, from, to);
  return changed < 0 ? column.get(row) : (sim.log.other(changed) as T);
}

/** A recording is long, and stacks are looked at again and again: what was found of its events is kept. */
interface Known {
  /** The future that it was found in. */
  futures: number;
  /** By event; no route has changed up to `to`, a position of the change log. */
  readonly routes: Map<number, { readonly route: number; readonly to: number }>;
  /** The routes' owners in the change log. */
  readonly marks: Uint8Array;
}

const mostKnown = 10_000;
const knownByWorld = new WeakMap<World, Known>();

function knownOf(world: World): Known {
  const { sim, routes } = world;
  let known = knownByWorld.get(world);
  if (known === undefined) {
    const marks = new Uint8Array(sim.log.ownerCount);
    for (const owner of [routes.table, ...routes.table.columns]) marks[sim.log.numberOf(owner)] = 1;
    known = { futures: sim.futures, routes: new Map(), marks };
    knownByWorld.set(world, known);
  }
  if (known.futures !== sim.futures) {
    known.routes.clear();
    known.futures = sim.futures;
  }
  return known;
}

function routeFor(world: World, netns: number, inDevice: number, data: PacketData, mark: number): number {
  const ip: Ipv4Packet | undefined = "ttl" in data ? data : data.payload.kind === "ipv4" ? data.payload : undefined;
  if (ip === undefined || isLocalAddress(world, netns, ip.destination)) return 0;
  return fibLookup(world, netns, ip.destination, ip.source, inDevice, mark);
}
