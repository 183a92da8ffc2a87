import type { EthernetFrame } from "../wire/ethernet.ts";
import { transportOf } from "../wire/frame-text.ts";
import type { Ipv4Packet } from "../wire/ipv4.ts";

/** What a frame belongs to: within one conversation, order is never a matter of chance. Both directions have the same name. */
export function conversationOf({ payload }: EthernetFrame): string {
  switch (payload.kind) {
    case "arp": {
      const isRequest = payload.operation === 1;
      const [asker, asked] = isRequest ? [payload.senderIp, payload.targetIp] : [payload.targetIp, payload.senderIp];
      return `arp ${asker} ${asked}`;
    }
    case "ipv4":
      return `ip ${pair(payload.source, payload.destination)} ${transportName(payload)}`;
    default:
      return `other ${payload.etherType}`;
  }
}

function transportName(packet: Ipv4Packet): string {
  const transport = transportOf(packet);
  switch (transport.kind) {
    case "udp":
    case "tcp":
    case "udp-head":
    case "tcp-head":
      return `${transport.kind.slice(0, 3)} ${pair(transport.sourcePort, transport.destinationPort)}`;
    case "icmp-echo":
      return `icmp ${transport.identifier}`;
    default:
      return transport.kind;
  }
}

function pair(one: number, other: number): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}
