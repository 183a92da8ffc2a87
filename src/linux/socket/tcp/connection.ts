import type { Endpoint, SocketError } from "../../../programs/program.ts";
import type { TcpSegment } from "../../../wire/tcp.ts";
import type { SackBlock } from "../../../wire/tcp-options.ts";

/** The states of RFC 9293 section 3.3.2, by the names that `ss` prints. */
export type TcpState =
  | "SYN-SENT"
  | "SYN-RECV"
  | "ESTAB"
  | "FIN-WAIT-1"
  | "FIN-WAIT-2"
  | "CLOSE-WAIT"
  | "CLOSING"
  | "LAST-ACK"
  | "TIME-WAIT"
  | "CLOSED";

/**
 * One end of a TCP connection. An immutable value: every input makes a new one.
 *
 *     SYN-SENT ──────────┐                    ┌─ FIN-WAIT-1 ─ FIN-WAIT-2 ─┐
 *        │ (SYN)         ├── ESTAB ── close ──┤      └──── CLOSING ───────┴─ TIME-WAIT ── CLOSED
 *     SYN-RECV ──────────┘      └─── (FIN) ───── CLOSE-WAIT ── close ── LAST-ACK ─────────┘
 */
export interface TcpConnection {
  readonly state: TcpState;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Made by a SYN that came to a listener. */
  readonly passive: boolean;
  /** The program has closed its descriptor: nobody reads what comes, nobody hears of errors. */
  readonly orphaned: boolean;
  readonly send: SendSpace;
  readonly receive: ReceiveSpace;
  readonly acknowledging: Acknowledging;
  readonly retransmission: Retransmission;
  /** Both ends sent timestamps in their SYN (RFC 7323); before that, what this end offers. */
  readonly timestamps?: {
    /** Added to the millisecond clock. */
    readonly offset: number;
    /** TS.Recent. */
    readonly recent: number;
  };
  /** Both ends permitted SACK (RFC 2018). */
  readonly sack: boolean;
}

/** The send sequence space of RFC 9293 section 3.3.1, and what is queued. */
export interface SendSpace {
  /** ISS. */
  readonly initial: number;
  /** SND.UNA. */
  readonly unacknowledged: number;
  /** SND.NXT. */
  readonly next: number;
  /** SND.WND in bytes. */
  readonly window: number;
  /** The largest window the peer ever offered, in bytes. */
  readonly largestWindow: number;
  /** SND.WL1. */
  readonly windowSequence: number;
  /** SND.WL2. */
  readonly windowAcknowledgment: number;
  /** Shift count of the windows that the peer sends. */
  readonly windowScale: number;
  /** Largest number of data bytes in one segment, after options. */
  readonly mss: number;
  /** Sent and not yet acknowledged, in order. */
  readonly inFlight: readonly SentSegment[];
  /** Written by the program and not yet sent, one element per write. */
  readonly queue: readonly Uint8Array[];
  /** The program has closed, and the FIN waits behind the queue. */
  readonly finQueued: boolean;
  /** The end of the last segment that was smaller than the MSS (for Nagle's algorithm as Minshall changed it). */
  readonly smallEnd: number;
  readonly congestion: Congestion;
}

/** In segments (RFC 5681 section 3.1). */
export interface Congestion {
  /** cwnd. */
  readonly window: number;
  /** ssthresh. */
  readonly threshold: number;
}

export interface SentSegment {
  readonly sequence: number;
  /** The sequence number after its data and its SYN or FIN. */
  readonly end: number;
  /** Without ACK, which is added when it is sent. */
  readonly flags: number;
  readonly data: Uint8Array;
  readonly sentNs: number;
  readonly retransmitted: boolean;
  /** The peer holds it, out of order. */
  readonly sacked: boolean;
  /** Taken for lost and to be sent again. */
  readonly lost: boolean;
}

/** The receive sequence space of RFC 9293 section 3.3.1. */
export interface ReceiveSpace {
  /** IRS. */
  readonly initial: number;
  /** RCV.NXT. */
  readonly next: number;
  /** RCV.WND in bytes; constant, since programs read at once. */
  readonly window: number;
  /** Shift count of the windows that this end sends. */
  readonly windowScale: number;
  /** The MSS that this end announces. */
  readonly announcedMss: number;
  /** RCV.NXT in the last segment sent with ACK (`rcv_wup`). */
  readonly acknowledged: number;
  /** Sorted, without overlaps. */
  readonly outOfOrder: readonly OutOfOrderData[];
  /** SACK blocks to report, the newest first. */
  readonly sackBlocks: readonly SackBlock[];
}

export interface OutOfOrderData {
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly fin: boolean;
}

/** When to acknowledge (`inet_connection_sock.icsk_ack`). */
export interface Acknowledging {
  /** Received data waits for its acknowledgment. */
  readonly scheduled: boolean;
  /** How many of the next segments are acknowledged at once. */
  readonly quick: number;
  /** Data flows both ways in turns, so that acknowledgments can ride on answers. */
  readonly pingPong: boolean;
  /** ATO in ns; 0 before the first data. */
  readonly timeoutNs: number;
  readonly lastDataNs: number;
  /** The size of the segments that arrive, as estimated. */
  readonly segmentSize: number;
  /** How many segments that ended a write (PSH, or a short one) came since the last acknowledgment. */
  readonly pushed: number;
  readonly delayTimerSet: boolean;
  /** Data that came twice, to be reported in the next acknowledgment (RFC 2883). */
  readonly duplicate?: SackBlock;
  /** When an unacceptable segment was last answered; such answers are at least 500 ms apart. */
  readonly lastInvalidNs?: number;
}

export interface Retransmission {
  /** What the retransmission timer was set for, while it runs. */
  readonly pending?: "retransmit" | "loss probe" | "window probe" | "reordering";
  /** RTO in ns. */
  readonly timeoutNs: number;
  /** SRTT; absent before the first measurement. */
  readonly smoothedNs?: number;
  /** The shortest round trip that was measured. */
  readonly minimumNs?: number;
  /** RTTVAR. */
  readonly variationNs: number;
  /** Time-outs in a row. */
  readonly count: number;
  /** When the first of them sent. */
  readonly firstNs?: number;
  /** A loss probe has been sent and not been answered. */
  readonly probed: boolean;
  /** Of all that the peer has, the segment that was sent last (RACK.xmit_ts, RACK.end_seq, RACK.rtt). */
  readonly latestDelivered?: { readonly sentNs: number; readonly end: number; readonly roundTripNs: number };
  /** While set, the connection recovers from a loss, until this is acknowledged. */
  readonly recoverUntil?: number;
  /** An ICMP error that did not end the connection; a time-out then reports it instead of ETIMEDOUT. */
  readonly softError?: SocketError;
}

/** `time wait` also ends a FIN-WAIT-2 that no program holds any more. */
export type TcpTimer = "retransmit" | "delayed ack" | "time wait";

export type TcpInput =
  | { readonly kind: "segment"; readonly segment: TcpSegment }
  | { readonly kind: "send"; readonly data: Uint8Array }
  | { readonly kind: "close" }
  /** The program aborts (`SO_LINGER` with time 0). */
  | { readonly kind: "reset" }
  | { readonly kind: "timer"; readonly timer: TcpTimer }
  /** `sequence`: of the segment that the ICMP error quotes. */
  /** `isFinal`: nobody can be reached there. */
  | { readonly kind: "icmp error"; readonly error: SocketError; readonly sequence: number; readonly isFinal: boolean }
  | { readonly kind: "path mtu"; readonly mtu: number; readonly sequence: number };

export type TcpEffect =
  /** `isRepeated`: it has been sent before, and is not sent while that copy has not left this machine. */
  | { readonly kind: "transmit"; readonly segment: TcpSegment; readonly isRepeated: boolean }
  | { readonly kind: "set timer"; readonly timer: TcpTimer; readonly afterNs: number }
  | { readonly kind: "clear timer"; readonly timer: TcpTimer }
  /** Established: connect(2) succeeds, or accept(2) has one more. */
  | { readonly kind: "connected" }
  | { readonly kind: "data"; readonly data: Uint8Array }
  | { readonly kind: "end of stream" }
  | { readonly kind: "error"; readonly error: SocketError }
  /** Nothing is left: the connection can be forgotten. */
  | { readonly kind: "closed" };

export interface TcpStep {
  readonly connection: TcpConnection;
  readonly effects: readonly TcpEffect[];
}
