import type { Ipv4Packet } from "../../wire/ipv4.ts";
import { drop } from "../drop.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { sendIcmpError } from "./icmp-error.ts";

/** Chooses the next stage by the protocol number. */
export function deliverToTransport(world: World, packet: number, ip: Ipv4Packet): void {
  const { packets } = world;
  switch (ip.payload.kind) {
    case "udp":
      packets.stage.set(packet, stage.udpReceive);
      return;
    case "tcp":
      packets.stage.set(packet, stage.tcpReceive);
      return;
    case "raw":
      sendIcmpError(world, packet, ip, 3, 2, 0);
      drop(world, packet, "IP_NOPROTO");
      return;
    default:
      packets.stage.set(packet, stage.icmpReceive);
  }
}
