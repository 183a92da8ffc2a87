import type { World } from "../../linux/world.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import { formatMac, isGroupMac } from "../../wire/mac-address.ts";
import { printNeighbour, printVtep } from "../inspect/print.ts";
import { deviceName } from "../names.ts";
import { type Asked, statementIdea } from "./asked.ts";
import { fdbCommand, neighbourCommand } from "./entry-commands.ts";
import type { Idea, Reasons, Tried } from "./explanation.ts";

/** The vxlan device knows no VTEP for the frame; for an ARP request, since nobody entered the neighbour that it asks for. */
export function becauseNoVtep(asked: Asked): Reasons {
  const { world, packet } = asked;
  const { packets, vteps, devices } = world;
  const frame = packets.data.get(packet) as EthernetFrame;
  const device = packets.device.get(packet);
  const wanted = frame.payload.kind === "arp" && isGroupMac(frame.destination) ? frame.payload.targetIp : undefined;
  const rows = vteps.ofDevice(device);
  return {
    tried: [
      ...(wanted === undefined ? [] : neighboursOf(world, device, wanted)),
      ...(rows.length > 0 ? [] : [{ what: `bridge fdb of ${devices.name.get(device)}`, missed: "it has no entry" }]),
      ...rows.map((row) => ({
        what: `bridge fdb of ${devices.name.get(device)}: ${printVtep(world, row)}`,
        missed: `the frame is for ${formatMac(frame.destination)}`,
      })),
    ],
    ideas: entryIdeas(asked, device, wanted, frame.destination),
  };
}

/** What is known of the others in the tunnel, where ARP asks nobody. */
function neighboursOf(world: World, device: number, wanted: Ipv4Address): readonly Tried[] {
  const { neighbours } = world;
  const rows = neighbours.ofDevice(device);
  const missed = (row: number) =>
    neighbours.address.get(row) === wanted ? "no MAC address was entered for it" : `is not ${formatIpv4(wanted)}`;
  const named = rows.map((row) => ({ what: `neighbour ${printNeighbour(world, row)}`, missed: missed(row) }));
  return named.length > 0
    ? named
    : [{ what: `neighbours of ${deviceName(world, device)}`, missed: `none, so not ${formatIpv4(wanted)}` }];
}

/** Entries that the tunnel's end with that address, or that MAC address, would need here. */
function entryIdeas(asked: Asked, device: number, wanted: Ipv4Address | undefined, mac: number): readonly Idea[] {
  const { world } = asked;
  const { devices, vxlans, vteps, addresses } = world;
  const own = vxlans.ofDevice(device);
  if (own === 0) return [];
  return vxlans.ofVni(vxlans.vni.get(own)).flatMap((row) => {
    const other = vxlans.device.get(row);
    const local = vxlans.local.get(row);
    const isIt =
      wanted === undefined
        ? devices.mac.get(other) === mac
        : addresses.ofDevice(other).some((one) => addresses.address.get(one) === wanted);
    if (other === device || local === 0 || !isIt) return [];
    const its = devices.mac.get(other);
    const neighbour = wanted === undefined ? [] : [neighbourCommand(world, device, wanted, its)];
    const entry = vteps.of(device, its).length > 0 ? [] : [fdbCommand(world, device, its, local)];
    return statementIdea(asked, [...neighbour, ...entry].join("; "));
  });
}
