import type { TcpOptions } from "../../../wire/tcp-options.ts";
import { defaultMss, timestampBytes } from "./constants.ts";

/** Of a packet of 65,535 bytes, the longest that IPv4 can carry; `lo` announces it. */
const largestMss = 0xffff - 40;
/** net.ipv4.route.min_adv_mss. */
const smallestAnnouncedMss = 256;

/** `ipv4_default_advmss`: what the peer is told where the path bears so much. */
export function announcedMss(mss: number): number {
  return Math.min(Math.max(mss, smallestAnnouncedMss), largestMss);
}

/** How much data fits into one segment to a peer with these options. */
export function sendMss(ownMss: number, peer: TcpOptions, timestamps: boolean): number {
  const peerMss = peer.maximumSegmentSize ?? defaultMss;
  return Math.max(1, Math.min(ownMss, peerMss) - (timestamps ? timestampBytes : 0));
}

/**
 * The window to offer: as many whole segments as fit into 65,535 bytes (tcp_select_initial_window). A SYN,ACK already
 * knows that every segment will carry timestamps.
 */
export function initialWindow(mss: number, timestamps: boolean): number {
  const size = mss - (timestamps ? timestampBytes : 0);
  return size <= 0 ? 0xffff : Math.floor(0xffff / size) * size;
}
