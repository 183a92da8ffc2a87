/**
 * Why a packet was lost. Names are the kernel's `SKB_DROP_REASON_*` (include/net/dropreason-core.h) without that prefix
 * where it has one; the others are marked and say what the kernel does instead.
 */
export const dropReasons = {
  /** The debugger's own: somebody wanted to see what happens then. */
  BY_HAND: "it was dropped by hand",
  NOT_SPECIFIED: "no reason given",
  OTHERHOST: "the frame's destination MAC address is another machine's",
  DEV_READY: "the device is down",
  NEIGH_FAILED: "nobody answered the ARP requests for the next hop",
  NEIGH_QUEUEFULL: "too many packets wait for the neighbour to be resolved",
  NEIGH_CREATEFAIL: "the kernel's neighbour table is full (gc_thresh3)",
  IP_OUTNOROUTES: "no route to the destination",
  IP_INNOROUTES: "no route to the destination",
  IP_INADDRERRORS: "not for this machine, and net.ipv4.ip_forward is 0",
  /** A route of type blackhole, unreachable or prohibit. */
  IP_ROUTE_REFUSES: "the route to the destination says to refuse it",
  IP_TTL_EXPIRED: "the time to live ran out",
  PKT_TOO_BIG: "larger than the MTU, and it must not be fragmented",
  IP_INVALID_SOURCE: "the source address is not one that may arrive here",
  IP_LOCAL_SOURCE: "its source is an address of this machine, and net.ipv4.conf.*.accept_local is 0",
  IP_RPFILTER: "an answer to its source would leave by another interface (rp_filter)",
  IP_INVALID_DEST: "the destination address is not one that may be routed",
  IP_LOCALNET: "127.0.0.0/8 stays inside a machine (net.ipv4.conf.*.route_localnet is 0)",
  IP_NOPROTO: "no protocol of that number",
  FRAG_REASM_TIMEOUT: "the other fragments did not arrive in time",
  /** NETFILTER_DROP in the kernel, which logs "nf_conntrack: table full, dropping packet". */
  CONNTRACK_FULL: "the table of connections is full (net.netfilter.nf_conntrack_max)",
  /** NETFILTER_DROP in the kernel, which counts it in `insert_failed`. */
  CONNTRACK_CLASH: "another connection came first that has the same addresses and ports",
  /** NETFILTER_DROP in the kernel: `nf_nat_icmp_reply_translation`. */
  NAT_REDIRECT: "a redirect about a translated connection would name addresses that its sender does not know",
  /** NETFILTER_DROP in the kernel: `nf_nat_masquerade_ipv4`. */
  NAT_NO_ADDRESS: "MASQUERADE found no address on the interface that it leaves by",
  /** NETFILTER_DROP in the kernel: `nf_nat_oif_changed`. */
  NAT_OUT_CHANGED: "its connection was masqueraded to the address of another interface than the one it leaves by now",
  NO_SOCKET: "no socket listens on that port",
  /** The kernel gives no reason: `tcp_v4_rcv` takes what is `PACKET_HOST` only. */
  TCP_TO_GROUP: "TCP takes no segment from a frame to a broadcast or multicast MAC address",
  /** The kernel frees it in silence: `br_dev_queue_push_xmit`. */
  BRIDGE_PORT_MTU: "too long for the MTU of the bridge port it should leave by",
  /** The kernel frees it in silence: a bridge never sends a frame back out of the port it came in by. */
  BRIDGE_SAME_PORT: "its destination is behind the port it came from, and hairpin mode is off",
  /** The kernel frees it in silence: the port's own flag. */
  BRIDGE_PORT_DOWN: "the bridge port it should leave by is down",
  /** The kernel frees it in silence: `should_deliver`. */
  BRIDGE_ISOLATED: "both bridge ports are isolated",
  BRIDGE_NO_PORT: "the bridge has no other port to send it to",
  /** The kernel would send it round for ever. */
  BRIDGE_LOOP: "it came round to a bridge that had flooded it before: the bridges form a loop",
  /** A card counts it in `collisions` and `tx_aborted_errors`: it collided at every one of 16 attempts (IEEE 802.3, 4.2.3.2.5). */
  EXCESSIVE_COLLISIONS: "it collided at all of 16 attempts to transmit it",
  /** A card counts it in `rx_crc_errors`: its sender did not notice the collision, so nobody will send it again. */
  COLLISION: "it collided with another frame, and its sender did not notice",
  /** The kernel gives no reason, and counts it in the sender's `tx_dropped`: `__dev_forward_skb`. */
  VETH_PEER_MTU: "too long for the MTU of the veth device at the other end",
  NETFILTER_DROP: "netfilter dropped it",
  QDISC_DROP: "too many frames wait for the network card",
  NO_TX_TARGET: "the vxlan device knows no VTEP for its destination MAC address",
  RECURSION_LIMIT: "the way to the VTEP leads through the vxlan device itself",
  VXLAN_INVALID_HDR: "its VXLAN header says no valid VNI",
  /** IP_OUTNOROUTES in the kernel: no route is looked up for a source that is another machine's. */
  VXLAN_LOCAL: "the address that the vxlan device is to send from (local) is not one of this namespace",
  VXLAN_ENTRY_EXISTS: "its source MAC address was entered by hand as being behind another VTEP",
  MAC_INVALID_SOURCE: "its source MAC address is a group's, or zero",
  IP_TUNNEL_ECN: "routers marked the outer packet as having met congestion, which the inner one cannot say",
  VXLAN_VNI_NOT_FOUND: "no vxlan device here has this VNI",
  LOCAL_MAC: "its source MAC address is that of the device it arrives at",
  PKT_TOO_SMALL: "too short to hold an Ethernet frame",
  UNHANDLED_PROTO: "an EtherType that nobody here listens to",
  ICMP_NOBODY: "no program waits for this ICMP message",
  /** The kernel frees it as if it had answered: `icmp_echo`. */
  ICMP_ECHO_IGNORED: "this machine answers no such echo request",
  /** The kernel frees an echo request as if it had answered (`icmp_reply`), and counts a SYN in `ListenDrops` (`tcp_conn_request`). */
  NO_WAY_BACK: "it arrived, but no route leads back to its sender: the answer cannot be sent",
} as const;

export type DropReason = keyof typeof dropReasons;

export const dropReasonNames = Object.keys(dropReasons) as readonly DropReason[];

/** The number under which a packet's row holds a reason. */
export function dropReasonNumber(reason: DropReason): number {
  return dropReasonNames.indexOf(reason);
}
