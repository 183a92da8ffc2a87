import type { EthernetFrame } from "./ethernet.ts";
import { printFrame, transportOf } from "./frame-text.ts";
import { parseQuoted } from "./icmp-error.ts";
import type { Ipv4Payload } from "./ipv4.ts";
import { isMalformed } from "./malformed.ts";
import { type TcpSegment, tcpFlag } from "./tcp.ts";
import type { TransportHead } from "./transport-head.ts";
import { encapsulatedFrame } from "./vxlan.ts";

/** Seen from the interface: `out` is what it transmits. */
export type FrameDirection = "in" | "out";

/** Further from any initial sequence number than this, a number belongs to a connection whose SYN was not seen. */
const relativeRange = 2 ** 24;

/**
 * Writes frames so that two runs of the same thing, by a kernel or by the simulator, give the same text: TCP sequence
 * numbers are relative to the nearest initial one seen, ports that nobody mentioned are `*` (the kernel chose them);
 * IP identifications and TCP windows are left out.
 *
 * First `observe` every frame, in any order; then ask for lines.
 */
export class FrameTracer {
  private readonly isMentionedPort: (port: number) => boolean;
  private readonly initialSequences = new Set<number>();
  private sorted: readonly number[] | undefined;

  constructor(isMentionedPort: (port: number) => boolean) {
    this.isMentionedPort = isMentionedPort;
  }

  /** Notes the initial sequence numbers in a frame, in what it encapsulates and in what it quotes. */
  observe(frame: EthernetFrame): void {
    forEachSegment(frame, (segment) => {
      if ((segment.flags & tcpFlag.syn) === 0) return;
      this.initialSequences.add(segment.sequence);
      this.sorted = undefined;
    });
  }

  /** `IP 10.244.0.2 > … [source > destination]`, without place and direction. */
  line(frame: EthernetFrame): string {
    return printFrame(frame, this);
  }

  port(port: number): string {
    return this.isMentionedPort(port) ? String(port) : "*";
  }

  sequence(sequence: number): string {
    if (sequence === 0) return "0";
    this.sorted ??= [...this.initialSequences].sort((a, b) => a - b);
    const distance = distanceFromNearest(this.sorted, sequence);
    return distance < relativeRange ? String(distance) : "?";
  }
}

/** `pod1/eth0 out ARP who-has …`: a line with the interface it was seen at. */
export function traceLine(place: string, direction: FrameDirection, line: string): string {
  return `${place} ${direction} ${line}`;
}

/** How far `sequence` is beyond the nearest number before it, modulo 2^32. */
function distanceFromNearest(sorted: readonly number[], sequence: number): number {
  if (sorted.length === 0) return Number.POSITIVE_INFINITY;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] <= sequence) low = middle + 1;
    else high = middle;
  }
  const nearest = sorted[low === 0 ? sorted.length - 1 : low - 1];
  return (sequence - nearest) >>> 0;
}

function forEachSegment(frame: EthernetFrame, visit: (segment: TcpSegment) => void): void {
  if (frame.payload.kind === "ipv4") visitTransport(transportOf(frame.payload), visit);
}

function visitTransport(transport: Ipv4Payload | TransportHead, visit: (segment: TcpSegment) => void): void {
  if (transport.kind === "tcp") visit(transport);
  if (transport.kind === "udp") {
    const tunnel = encapsulatedFrame(transport);
    if (tunnel !== undefined) forEachSegment(tunnel.frame, visit);
  }
  if (transport.kind === "icmp-error") {
    const quoted = parseQuoted(transport);
    if (!isMalformed(quoted)) visitTransport(quoted.transport, visit);
  }
}
