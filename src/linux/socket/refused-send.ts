import type { SocketError } from "../../programs/program.ts";
import { type Ipv4Payload, ipProtocol } from "../../wire/ipv4.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { isTooLongForPeer } from "../device/link.ts";
import { nudValid } from "../neighbours.ts";
import { ipOf } from "../netfilter/packet-ip.ts";
import { deliverInput } from "../process/inbox.ts";
import { socketKind } from "../sockets.ts";
import type { World } from "../world.ts";

/**
 * What a program sent was lost before it left: its sendto(2) fails, with EPERM where rules on the way out dropped it (`nf_hook_slow`).
 * TCP takes it for lost, and sends it again (`tcp_connect` heeds no error but ECONNREFUSED).
 */
export function refuseSend(world: World, packet: number, error: SocketError = "EPERM"): void {
  const { packets, sockets } = world;
  const { process, causedBy } = packets.origin.get(packet);
  if (process === 0 || causedBy !== undefined || packets.inDevice.get(packet) !== 0) return;
  const { payload } = ipOf(world, packet);
  const port =
    payload.kind === "udp" ? payload.sourcePort : payload.kind === "icmp-echo" ? payload.identifier : undefined;
  const kind = payload.kind === "udp" ? socketKind.udp : socketKind.ping;
  const isSender = (row: number) => sockets.localPort.get(row) === port || isPieceOfEcho(payload);
  const socket = sockets.allOfProcess(process).find((row) => sockets.kind.get(row) === kind && isSender(row));
  if (socket === undefined) return;
  deliverInput(world, process, { kind: "error", socket: sockets.number.get(socket), error });
}

/**
 * A neighbour table or a device that had no room: ENOBUFS, of which those alone hear who set IP_RECVERR, as ping does
 * (net/ipv4/udp.c, `udp_send_skb`; raw.c, `raw_sendmsg`).
 */
export function refuseForWantOfRoom(world: World, packet: number): void {
  const { payload } = ipOf(world, packet);
  if (world.packets.hasWaited.get(packet) === 1) return;
  if (payload.kind === "icmp-echo" || isPieceOfEcho(payload)) refuseSend(world, packet, "ENOBUFS");
}

/** A process that pings has one socket for that. */
function isPieceOfEcho(payload: Ipv4Payload): boolean {
  return payload.kind === "raw" && payload.protocol === ipProtocol.icmp;
}

/** Whether an IPv4 packet of so many bytes would be lost in the very call that sends it, by a device that tells so. */
export function isRefusedAtOnce(world: World, device: number, nextHop: Ipv4Address, bytes: number): boolean {
  if (!isTooLongForPeer(world, device, bytes)) return false;
  const neighbour = world.neighbours.find(device, nextHop);
  return neighbour !== 0 && (world.neighbours.state.get(neighbour) & nudValid) !== 0;
}
