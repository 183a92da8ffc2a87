import { type TcpSegment, tcpFlag } from "../../wire/tcp.ts";
import type { Direction } from "./status.ts";
import type { ConntrackSysctl } from "./timeouts.ts";

/** States of a TCP connection as a bystander sees it: `enum tcp_conntrack`. */
export const tcpState = {
  none: 0,
  synSent: 1,
  synRecv: 2,
  established: 3,
  finWait: 4,
  closeWait: 5,
  lastAck: 6,
  timeWait: 7,
  close: 8,
  synSent2: 9,
} as const;

/** As `conntrack -L` prints them. */
export const tcpStateNames = [
  "NONE",
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "TIME_WAIT",
  "CLOSE",
  "SYN_SENT2",
] as const;

/** Not states, but what the table says where there is none to go to: leave the packet alone; or call it INVALID. */
export const ignored = 10;
export const invalid = 11;

/** What a segment is, by its flags: `enum tcp_bit_set`. */
export const segmentKind = { syn: 0, synAck: 1, fin: 2, ack: 3, rst: 4, none: 5 } as const;

export function kindOf({ flags }: TcpSegment): number {
  if ((flags & tcpFlag.rst) !== 0) return segmentKind.rst;
  if ((flags & tcpFlag.syn) !== 0) return (flags & tcpFlag.ack) !== 0 ? segmentKind.synAck : segmentKind.syn;
  if ((flags & tcpFlag.fin) !== 0) return segmentKind.fin;
  return (flags & tcpFlag.ack) !== 0 ? segmentKind.ack : segmentKind.none;
}

const letters: Readonly<Record<string, number>> = {
  SS: tcpState.synSent,
  SR: tcpState.synRecv,
  ES: tcpState.established,
  FW: tcpState.finWait,
  CW: tcpState.closeWait,
  LA: tcpState.lastAck,
  TW: tcpState.timeWait,
  CL: tcpState.close,
  S2: tcpState.synSent2,
  IG: ignored,
  "--": invalid,
};

/**
 * The next state (net/netfilter/nf_conntrack_proto_tcp.c, `tcp_conntracks`): a row for each kind of segment in the order of
 * `segmentKind`, a column for each state. IG: ignored, -- : invalid.
 */
const tables: readonly (readonly (readonly number[])[])[] = [
  `     NO SS SR ES FW CW LA TW CL S2
  syn    SS SS IG IG IG IG IG SS SS S2
  synAck -- -- SR -- -- -- -- -- -- SR
  fin    -- -- FW FW LA LA LA TW CL --
  ack    ES -- ES ES CW CW TW TW CL --
  rst    -- CL CL CL CL CL CL CL CL CL
  none   -- -- -- -- -- -- -- -- -- --`,
  `     NO SS SR ES FW CW LA TW CL S2
  syn    -- S2 -- -- -- -- -- SS -- S2
  synAck -- SR IG IG IG IG IG IG IG SR
  fin    -- -- FW FW LA LA LA TW CL --
  ack    -- IG SR ES CW CW TW TW CL IG
  rst    -- CL CL CL CL CL CL CL CL CL
  none   -- -- -- -- -- -- -- -- -- --`,
].map((text) =>
  text
    .split("\n")
    .slice(1)
    .map((row) =>
      row
        .trim()
        .split(/\s+/)
        .slice(1)
        .map((cell) => letters[cell]),
    ),
);

/** The state that a segment leads to, or `ignored`, or `invalid`. */
export function nextState(way: Direction, kind: number, state: number): number {
  return tables[way][kind][state];
}

const timeoutNames: readonly ConntrackSysctl[] = [
  "nf_conntrack_tcp_timeout_syn_sent",
  "nf_conntrack_tcp_timeout_syn_sent",
  "nf_conntrack_tcp_timeout_syn_recv",
  "nf_conntrack_tcp_timeout_established",
  "nf_conntrack_tcp_timeout_fin_wait",
  "nf_conntrack_tcp_timeout_close_wait",
  "nf_conntrack_tcp_timeout_last_ack",
  "nf_conntrack_tcp_timeout_time_wait",
  "nf_conntrack_tcp_timeout_close",
  "nf_conntrack_tcp_timeout_syn_sent",
];

/** The sysctl that says how long a connection in this state is remembered. */
export function stateTimeout(state: number): ConntrackSysctl {
  return timeoutNames[state];
}
