import { type EthernetFrame, ethernetFrame } from "../../wire/ethernet.ts";
import { drop } from "../drop.ts";
import { routeInput } from "../ip/route-input.ts";
import { create } from "../neighbour/neighbour.ts";
import { nudConnected } from "../neighbours.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { isHooked, passHook } from "./hook.ts";
import { ipOf } from "./packet-ip.ts";
import { hook } from "./position.ts";
import { bridgeHooks } from "./registered.ts";

/**
 * net.bridge.bridge-nf-call-iptables (net/bridge/br_netfilter_hooks.c): a bridge lets the hooks of IPv4 see the frames that
 * it forwards, as if it routed them.
 */
export function registerBridgeNetfilter(world: World): void {
  world.sim.on(stage.bridgeNetfilter, (packet) => finishPrerouting(world, packet));
  world.sim.on(stage.bridgeForwardFinish, (packet) => postrouting(world, packet));
}

/** Whether a frame that came in by a port of a bridge is one that rules are to see. */
export function callsHooks({ namespaces, packets }: World, packet: number): boolean {
  if ((namespaces.hooks.get(packets.netns.get(packet)) & bridgeHooks) === 0) return false;
  return (packets.data.get(packet) as EthernetFrame).payload.kind === "ipv4";
}

/** `br_nf_pre_routing`, before the bridge itself looks at the frame. For rules it came in by the bridge. */
export function bridgePrerouting(world: World, packet: number): void {
  const { packets } = world;
  const frame = packets.data.get(packet) as EthernetFrame;
  packets.inNetfilter.set(packet, 1);
  packets.bridgeInfo.set(packet, {
    inPort: packets.inDevice.get(packet),
    outPort: 0,
    macSource: frame.source,
    macDestination: frame.destination,
    destination: ipOf(world, packet).destination,
    isBridgedDnat: false,
    isDelivered: false,
  });
  if (isHooked(world, packet, hook.prerouting))
    return passHook(world, packet, hook.prerouting, packets.device.get(packet), 0, stage.bridgeNetfilter);
  packets.stage.set(packet, stage.bridgeReceive);
}

/**
 * `br_nf_pre_routing_finish`: a packet whose destination was not translated is bridged as it is. Otherwise routing says where
 * it goes: back into this bridge, then it stays a bridged frame; elsewhere or nowhere, then the bridge itself
 * takes it.
 */
function finishPrerouting(world: World, packet: number): void {
  const { packets, devices } = world;
  const bridge = packets.device.get(packet);
  const { destination, source } = ipOf(world, packet);
  packets.stage.set(packet, stage.bridgeReceive);
  if (destination === packets.bridgeInfo.get(packet)?.destination) return;
  const way = routeInput(world, packet, bridge, source, destination);
  if (way.kind === "martian") return drop(world, packet, way.reason);
  if (way.kind === "forward" && way.device === bridge) return bridgedDnat(world, packet, bridge, way.nextHop);
  readdress(world, packet, devices.mac.get(bridge));
}

/**
 * `br_nf_pre_routing_finish_bridge`: a neighbour that is known for sure gives the frame its new destination. Else the
 * packet asks the neighbour code, and shows up as if the bridge sent it; `returnToBridge` takes it from there.
 */
function bridgedDnat(world: World, packet: number, bridge: number, nextHop: number): void {
  const { packets, neighbours } = world;
  const neighbour = neighbours.find(bridge, nextHop) || create(world, bridge, nextHop);
  if (neighbour === 0) return drop(world, packet, "NEIGH_CREATEFAIL");
  const isKnown = (neighbours.state.get(neighbour) & nudConnected) !== 0;
  if (isKnown && neighbours.hasHeader.get(neighbour) === 1)
    return readdress(world, packet, neighbours.mac.get(neighbour));
  const info = packets.bridgeInfo.get(packet);
  if (info !== null) packets.bridgeInfo.set(packet, { ...info, isBridgedDnat: true });
  packets.data.set(packet, ipOf(world, packet));
  packets.outDevice.set(packet, bridge);
  packets.nextHop.set(packet, nextHop);
  packets.stage.set(packet, stage.neighOutput);
}

function readdress({ packets }: World, packet: number, destination: number): void {
  const { source, payload, trailer } = packets.data.get(packet) as EthernetFrame;
  packets.data.set(packet, ethernetFrame(destination, source, payload, trailer));
  const info = packets.bridgeInfo.get(packet);
  if (info !== null) packets.bridgeInfo.set(packet, { ...info, macDestination: destination });
}

/** `br_nf_dev_xmit`: the neighbour code has put the destination on; the frame goes on as the sender's, from its port. */
export function returnToBridge({ packets }: World, packet: number): boolean {
  if (packets.inNetfilter.get(packet) === 0) return false;
  const info = packets.bridgeInfo.get(packet);
  if (info === null || !info.isBridgedDnat) return false;
  const { destination, payload, trailer } = packets.data.get(packet) as EthernetFrame;
  packets.data.set(packet, ethernetFrame(destination, info.macSource, payload, trailer));
  packets.bridgeInfo.set(packet, { ...info, macDestination: destination, isBridgedDnat: false });
  packets.inDevice.set(packet, info.inPort);
  packets.stage.set(packet, stage.bridgeReceive);
  return true;
}

/** `br_nf_forward_ip`; what was routed meanwhile, or made here, has passed the hooks there. */
export function bridgeForward(world: World, packet: number, port: number): void {
  const { packets, devices } = world;
  const info = packets.bridgeInfo.get(packet);
  const isRouted = packets.inDevice.get(packet) !== info?.inPort;
  if (info === null || isRouted) return packets.stage.set(packet, devices.transmitStage.get(port));
  packets.bridgeInfo.set(packet, { ...info, outPort: port });
  if (!isHooked(world, packet, hook.forward)) return postrouting(world, packet);
  const bridge = devices.master.get(port);
  passHook(world, packet, hook.forward, bridge, bridge, stage.bridgeForwardFinish);
}

/** `br_nf_post_routing`. */
function postrouting(world: World, packet: number): void {
  const { packets, devices } = world;
  const port = packets.device.get(packet);
  const next = mustFragment(world, packet, port) ? stage.ipFragment : devices.transmitStage.get(port);
  if (!isHooked(world, packet, hook.postrouting)) return packets.stage.set(packet, next);
  passHook(world, packet, hook.postrouting, 0, devices.master.get(port), next);
}

/** `br_nf_dev_queue_xmit`: what PREROUTING put together leaves in pieces again. */
function mustFragment(world: World, packet: number, port: number): boolean {
  const { packets } = world;
  const mtu = packets.fragmentMtu.get(packet);
  if (mtu === 0 || ipOf(world, packet).totalLength <= mtu) return false;
  packets.outDevice.set(packet, port);
  return true;
}

/** `ip_sabotage_in`: PREROUTING has seen on the bridge what the bridge now delivers; asked once of a packet. */
export function wasSeenOnBridge({ packets }: World, packet: number): boolean {
  const info = packets.bridgeInfo.get(packet);
  if (info === null || info.isDelivered) return false;
  packets.bridgeInfo.set(packet, { ...info, isDelivered: true });
  return true;
}
