import type { EthernetFrame } from "../../wire/ethernet.ts";
import type { Ipv4Packet, Ipv4Payload } from "../../wire/ipv4.ts";
import { encapsulatedFrame } from "../../wire/vxlan.ts";

/**
 * What stays the same of a packet on its way: not its MAC addresses, nor its TTL, nor the addresses and ports that NAT
 * rewrites. Frames with the same identity within a short time are one packet, seen at several interfaces; a tunnelled packet is the
 * one that it carries.
 */
export function identityOf({ payload }: EthernetFrame): string {
  switch (payload.kind) {
    case "arp":
      return `arp ${payload.operation} ${payload.senderMac} ${payload.senderIp} ${payload.targetIp}`;
    case "ipv4":
      return ipv4Identity(payload);
    default:
      return `${payload.etherType} ${fingerprint(payload.bytes)}`;
  }
}

function ipv4Identity(packet: Ipv4Packet): string {
  const tunnel = packet.payload.kind === "udp" ? encapsulatedFrame(packet.payload) : undefined;
  if (tunnel !== undefined) return identityOf(tunnel.frame);
  return `${packet.identification} ${packet.fragmentOffset} ${packet.totalLength} ${transportIdentity(packet.payload)}`;
}

function transportIdentity(payload: Ipv4Payload): string {
  switch (payload.kind) {
    case "tcp":
      return `tcp ${payload.sequence} ${payload.acknowledgment} ${payload.flags} ${fingerprint(payload.data)}`;
    case "udp":
      return `udp ${fingerprint(payload.data)}`;
    case "icmp-echo":
      return `echo ${payload.type} ${payload.sequence} ${fingerprint(payload.data)}`;
    case "icmp-error":
      // The quoted addresses are translated back on the way; the identification of the quoted packet is not.
      return `icmp ${payload.type} ${payload.code} ${fingerprint(payload.quoted.subarray(4, 6))}`;
    case "icmp-other":
      return `icmp ${payload.type} ${payload.code} ${fingerprint(payload.bytes)}`;
    case "raw":
      return `${payload.protocol} ${fingerprint(payload.bytes)}`;
  }
}

/** FNV-1a, 32 bits, and the length. */
function fingerprint(bytes: Uint8Array): string {
  let hash = 0x811c_9dc5;
  for (const octet of bytes) hash = Math.imul(hash ^ octet, 0x0100_0193);
  return `${bytes.length}:${hash >>> 0}`;
}
