import { nud } from "../../linux/neighbours.ts";
import { routeType } from "../../linux/routes.ts";
import type { World } from "../../linux/world.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { formatMac, isGroupMac, type MacAddress } from "../../wire/mac-address.ts";

/** Where a frame shows its destination to lie. */
interface NextHop {
  /** 0: on the link, or unknown. */
  readonly gateway: Ipv4Address;
  /** Why it is unknown, after the packet's number; else empty. */
  readonly doubt: string;
}

/**
 * A frame that IP sends shows one host's route: by which device, and by whose MAC address over which neighbour. The prefix that the
 * kernel found it by, and the rules that chose the table, are not in the packets.
 */
export class SeenRoutes {
  private readonly world: World;
  /** Frames that IP sent, by their indexes. */
  private readonly sent: ReadonlySet<number>;

  constructor(world: World, sent: ReadonlySet<number>) {
    this.world = world;
    this.sent = sent;
  }

  /** That frame of the capture, of a packet in flight, leaves the device. */
  learn(packet: number, device: number, index: number, frame: EthernetFrame): void {
    const { devices, packets } = this.world;
    if (!this.sent.has(index) || frame.payload.kind !== "ipv4" || isGroupMac(frame.destination)) return;
    // What leaves by a port, without having come in by another, was sent through the bridge.
    const out = devices.master.get(device) || device;
    const own = devices.mac.get(out);
    if (own !== 0 && own !== frame.source) return;
    const { destination } = frame.payload;
    const { gateway, doubt } = this.nextHop(out, destination, frame.destination);
    this.note(out, destination, gateway, `seen in #${packets.origin.get(packet).name}${doubt}`);
  }

  private nextHop(device: number, destination: Ipv4Address, mac: MacAddress): NextHop {
    const { neighbours } = this.world;
    const direct = neighbours.find(device, destination);
    if (direct !== 0 && neighbours.mac.get(direct) === mac) return { gateway: 0, doubt: "" };
    const known = neighbours.ofDevice(device).filter((row) => neighbours.mac.get(row) === mac);
    // Of several addresses of one machine, the gateway is what was asked for; others have only introduced themselves.
    const asked = known.filter((row) => neighbours.state.get(row) === nud.reachable);
    const owners = asked.length > 0 ? asked : known;
    if (owners.length === 1) return { gateway: neighbours.address.get(owners[0]), doubt: "" };
    const whose = owners.length === 0 ? "no ARP told whose it is" : `${owners.length} neighbours have it`;
    return { gateway: 0, doubt: `, to ${formatMac(mac)}; ${whose}, so the gateway is unknown` };
  }

  /** The latest packet counts: a route may have changed since. */
  private note(device: number, network: Ipv4Address, gateway: Ipv4Address, evidence: string): void {
    const { routes, devices } = this.world;
    const netns = devices.netns.get(device);
    const [before] = routes.find(netns, network, 32);
    if (before !== undefined) {
      if (routes.device.get(before) === device && routes.gateway.get(before) === gateway) return;
      routes.table.remove(before);
    }
    routes.add({
      netns,
      network,
      prefixLength: 32,
      gateway,
      device,
      preferredSource: 0,
      metric: 0,
      type: routeType.unicast,
      isConnected: false,
      source: devices.source.get(device),
      evidence,
    });
  }
}
