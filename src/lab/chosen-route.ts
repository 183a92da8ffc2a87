import { fibLookup } from "../linux/ip/fib.ts";
import { isLocalAddress } from "../linux/ip/local.ts";
import type { PacketData } from "../linux/packets.ts";
import { stage } from "../linux/stage.ts";
import type { World } from "../linux/world.ts";
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
  const { sim, packets, routes, devices } = world;
  const stageNumber = sim.events.stage(event);
  const place = sim.events.place(event);
  const { to } = sim.changesOf(sim.position - 1);
  let data: PacketData | null | undefined;
  let mark: number | undefined;
  let isStale = false;
  const routeColumns = new Set<unknown>([routes.table, ...routes.table.columns]);
  sim.log.forEach(sim.changesOf(event).from, to, (owner, changed, other) => {
    if (owner === packets.data && changed === row) data ??= other as PacketData | null;
    else if (owner === packets.mark && changed === row) mark ??= other as number;
    else if (routeColumns.has(owner)) isStale = true;
  });
  const then = data ?? packets.data.get(row);
  if (isStale || then === null) return 0;
  const inDevice = stageNumber === stage.routeInput ? place : 0;
  return routeFor(world, devices.netns.get(place), inDevice, then, mark ?? packets.mark.get(row));
}

function routeFor(world: World, netns: number, inDevice: number, data: PacketData, mark: number): number {
  const ip: Ipv4Packet | undefined = "ttl" in data ? data : data.payload.kind === "ipv4" ? data.payload : undefined;
  if (ip === undefined || isLocalAddress(world, netns, ip.destination)) return 0;
  return fibLookup(world, netns, ip.destination, ip.source, inDevice, mark);
}
