import { type TcpSegment, tcpFlag, tcpSegment } from "../../../wire/tcp.ts";
import { segmentEnd } from "./segments.ts";

/**
 * The RST that answers a segment for which there is no connection (RFC 9293 section 3.10.7.1, tcp_v4_send_reset); a RST is
 * never answered. It carries no options.
 */
export function resetFor(segment: TcpSegment): TcpSegment | undefined {
  if ((segment.flags & tcpFlag.rst) !== 0) return undefined;
  const acknowledges = (segment.flags & tcpFlag.ack) !== 0;
  return tcpSegment({
    sourcePort: segment.destinationPort,
    destinationPort: segment.sourcePort,
    sequence: acknowledges ? segment.acknowledgment : 0,
    acknowledgment: acknowledges ? 0 : segmentEnd(segment),
    flags: acknowledges ? tcpFlag.rst : tcpFlag.rst | tcpFlag.ack,
    window: 0,
  });
}
