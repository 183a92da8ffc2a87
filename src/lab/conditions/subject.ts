import type { World } from "../../linux/world.ts";
import type { NextEvent } from "../../sim/simulation.ts";
import { type DnsMessage, dnsOfDatagram, dnsPort } from "../../wire/dns.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import { transportOf } from "../../wire/frame-text.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import type { UdpDatagram } from "../../wire/udp.ts";
import { encapsulatedFrame, isVxlanPort } from "../../wire/vxlan.ts";
import type { DataChange } from "../data/data-watch.ts";

export const protocols = ["eth", "arp", "ip", "icmp", "udp", "tcp", "vxlan", "dns"] as const;
export type Protocol = (typeof protocols)[number];

/** Headers outside of a tunnel, and inside of it. */
const mostLevels = 2;

/** Where a protocol's header stands among those of a subject, outside of a tunnel; its header inside of it is the next one. */
export function slotOf(protocol: Protocol): number {
  return protocols.indexOf(protocol) * mostLevels;
}

const [eth, arp, ip, icmp, udp, tcp, vxlan, dns] = protocols.map(slotOf);

type Tunnel = NonNullable<ReturnType<typeof encapsulatedFrame>>;

/**
 * What a condition is asked about: an event that is about to happen, with its packet's headers. One is made and used for all
 * events, so that asking makes nothing.
 */
export class Subject {
  readonly world: World;
  event: NextEvent = { timeNs: 0, stage: 0, walker: 0, subject: 0 };
  /** What a data breakpoint is asked about: what the event changed. */
  change: DataChange | undefined;
  /** Each protocol's header (`slotOf`) by level: outside of a tunnel, inside of it. */
  readonly headers = new Array<object | undefined>(protocols.length * mostLevels).fill(undefined);
  /** At least one, also for an event that is nobody's walk. */
  levels = 1;
  private seen: unknown;
  private readonly tunnels = new WeakMap<UdpDatagram, Tunnel | "none">();
  private readonly messages = new WeakMap<UdpDatagram, DnsMessage | "none">();

  constructor(world: World) {
    this.world = world;
  }

  look(event: NextEvent): void {
    this.event = event;
    const data = event.walker === 0 ? null : this.world.packets.data.get(event.walker);
    if (data === this.seen) return;
    this.seen = data;
    this.levels = 1;
    this.headers.fill(undefined);
    if (data === null) return;
    if ("ttl" in data) this.openIp(data, 0);
    else this.openFrame(data, 0);
  }

  private openFrame(frame: EthernetFrame, level: number): void {
    this.headers[eth + level] = frame;
    if (frame.payload.kind === "arp") this.headers[arp + level] = frame.payload;
    else if (frame.payload.kind === "ipv4") this.openIp(frame.payload, level);
  }

  private openIp(packet: Ipv4Packet, level: number): void {
    this.headers[ip + level] = packet;
    const { payload } = packet;
    if (payload.kind === "udp") {
      this.headers[udp + level] = payload;
      this.openMessage(payload, level);
      this.openTunnel(payload, level);
    } else if (payload.kind === "tcp") this.headers[tcp + level] = payload;
    else if (payload.kind !== "raw") this.headers[icmp + level] = payload;
    else this.openFragment(packet, level);
  }

  /** The first fragment of a datagram is not whole, but its ports are there. */
  private openFragment(packet: Ipv4Packet, level: number): void {
    const head = transportOf(packet);
    if (head.kind === "udp-head") this.headers[udp + level] = head;
    else if (head.kind === "tcp-head" || head.kind === "tcp") this.headers[tcp + level] = head;
  }

  private openMessage(datagram: UdpDatagram, level: number): void {
    if (datagram.sourcePort !== dnsPort && datagram.destinationPort !== dnsPort) return;
    let message = this.messages.get(datagram);
    if (message === undefined) {
      message = dnsOfDatagram(datagram) ?? "none";
      this.messages.set(datagram, message);
    }
    if (message !== "none") this.headers[dns + level] = message;
  }

  private openTunnel(datagram: UdpDatagram, level: number): void {
    if (level + 1 === mostLevels || !isVxlanPort(datagram.destinationPort)) return;
    let tunnel = this.tunnels.get(datagram);
    if (tunnel === undefined) {
      tunnel = encapsulatedFrame(datagram) ?? "none";
      this.tunnels.set(datagram, tunnel);
    }
    if (tunnel === "none") return;
    this.headers[vxlan + level] = tunnel.header;
    this.levels = level + 2;
    this.openFrame(tunnel.frame, level + 1);
  }
}
