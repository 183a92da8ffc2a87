import { unreachable } from "../../base/assert.ts";
import type { RejectAnswer } from "../../config/iptables/rule-set.ts";
import { ethernetFrame } from "../../wire/ethernet.ts";
import { icmpType } from "../../wire/icmp.ts";
import { type Ipv4Packet, ipv4Packet } from "../../wire/ipv4.ts";
import { attachConnection } from "../conntrack/track.ts";
import { sendIcmpError } from "../ip/icmp-error.ts";
import { isBroadcastAddress } from "../ip/local.ts";
import { sendIp } from "../ip/output.ts";
import { resetFor } from "../socket/tcp/reset.ts";
import type { World } from "../world.ts";
import { ipOf } from "./packet-ip.ts";
import type { HookPosition } from "./position.ts";

/** REJECT (net/ipv4/netfilter/ipt_REJECT.c): the sender is told, by an ICMP error or a reset, and the packet is lost. */
export function sendRejection(world: World, packet: number, at: HookPosition, answer: RejectAnswer): void {
  const ip = ipOf(world, packet);
  if (ip.fragmentOffset !== 0) return;
  if (answer === "tcp-reset") return sendReset(world, packet, at, ip);
  sendIcmpError(world, packet, ip, icmpType.destinationUnreachable, codeOf(answer), 0);
}

function codeOf(answer: Exclude<RejectAnswer, "tcp-reset">): number {
  switch (answer) {
    case "icmp-net-unreachable":
      return 0;
    case "icmp-host-unreachable":
      return 1;
    case "icmp-proto-unreachable":
      return 2;
    case "icmp-port-unreachable":
      return 3;
    case "icmp-net-prohibited":
      return 9;
    case "icmp-host-prohibited":
      return 10;
    case "icmp-admin-prohibited":
      return 13;
    default:
      return unreachable(answer);
  }
}

/**
 * `nf_send_reset` (net/ipv4/netfilter/nf_reject_ipv4.c). What a bridge handed over is answered on its port, past
 * routing and the bridge itself.
 */
function sendReset(world: World, packet: number, at: HookPosition, ip: Ipv4Packet): void {
  const { packets, namespaces, devices, sim } = world;
  if (ip.payload.kind !== "tcp") return;
  const segment = resetFor(ip.payload);
  if (segment === undefined || isBroadcastAddress(world, at.inDevice || at.outDevice, ip.destination)) return;
  const netns = packets.netns.get(packet);
  const ttl = namespaces.defaultTtl.get(netns);
  const header = { source: ip.destination, destination: ip.source, ttl, tos: 0, dontFragment: true };
  const origin = packets.causedBy(packet);
  const bridged = packets.bridgeInfo.get(packet);
  if (bridged === null) return attachConnection(world, sendIp(world, netns, header, segment, origin), packet);
  const frame = ethernetFrame(bridged.macSource, bridged.macDestination, ipv4Packet({ ...header, payload: segment }));
  const port = bridged.inPort;
  sim.underWay.push(packets.make(netns, port, devices.transmitStage.get(port), frame, origin));
}
