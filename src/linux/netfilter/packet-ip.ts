import { ethernetFrame } from "../../wire/ethernet.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import type { World } from "../world.ts";

/** The IPv4 packet that travels, with a link header around it or without. */
export function ipOf({ packets }: World, packet: number): Ipv4Packet {
  const data = packets.data.get(packet);
  return data !== null && "ttl" in data ? data : (data?.payload as Ipv4Packet);
}

/** Puts another IPv4 packet in its place; a link header stays. */
export function setIp({ packets }: World, packet: number, ip: Ipv4Packet): void {
  const data = packets.data.get(packet);
  if (data === null || "ttl" in data) packets.data.set(packet, ip);
  else packets.data.set(packet, ethernetFrame(data.destination, data.source, ip, data.trailer));
}
