import type { Retransmission, TcpConnection } from "./connection.ts";
import { initialTimeoutNs, maximumTimeoutNs, minimumProbeNs, minimumTimeoutNs } from "./constants.ts";
import { clearTimer, setTimer, type Turn, updateRetransmission } from "./turn.ts";

export const initialRetransmission: Retransmission = {
  timeoutNs: initialTimeoutNs,
  variationNs: 0,
  count: 0,
  probed: false,
};

/**
 * Sets the timer for what is in flight, or clears it when nothing is. Where the peer permits SACK, a loss probe comes
 * before the first time-out: after two round trips, and for a single segment after as much again as its
 * acknowledgment may be delayed (RFC 8985 section 7, tcp_schedule_loss_probe).
 */
export function armRetransmission(turn: Turn): void {
  const { send, retransmission } = turn.connection;
  if (send.inFlight.length === 0) {
    if (send.queue.length > 0 || send.finQueued) return armAfter(turn, "window probe", retransmission.timeoutNs);
    if (retransmission.pending !== undefined) clearTimer(turn, "retransmit");
    return updateRetransmission(turn, { pending: undefined });
  }
  if (mayProbe(turn.connection)) return armAfter(turn, "loss probe", lossProbeNs(turn.connection));
  armAfter(turn, "retransmit", retransmission.timeoutNs);
}

/** Sets the timer to the whole time-out. */
export function armTimeout(turn: Turn, pending: "retransmit" | "window probe" = "retransmit"): void {
  armAfter(turn, pending, turn.connection.retransmission.timeoutNs);
}

/** Takes one measured round trip into account (RFC 6298 section 2; the variation never counts less than 200 ms). */
export function noteRoundTrip(turn: Turn, roundTripNs: number): void {
  const { smoothedNs, variationNs, minimumNs = roundTripNs } = turn.connection.retransmission;
  const first = smoothedNs === undefined;
  const variation = first ? roundTripNs / 2 : variationNs + (Math.abs(smoothedNs - roundTripNs) - variationNs) / 4;
  const smoothed = first ? roundTripNs : smoothedNs + (roundTripNs - smoothedNs) / 8;
  updateRetransmission(turn, {
    smoothedNs: Math.round(smoothed),
    variationNs: Math.round(variation),
    minimumNs: Math.min(minimumNs, roundTripNs),
  });
  updateRetransmission(turn, { timeoutNs: measuredTimeoutNs(turn.connection.retransmission) });
}

/** The time-out as measured, without what past time-outs added. */
export function measuredTimeoutNs({ smoothedNs, variationNs }: Retransmission): number {
  if (smoothedNs === undefined) return initialTimeoutNs;
  return Math.min(smoothedNs + Math.max(minimumTimeoutNs, 4 * variationNs), maximumTimeoutNs);
}

/** After a time-out the next one is twice as far away. */
export function backOff(turn: Turn): void {
  const { timeoutNs } = turn.connection.retransmission;
  updateRetransmission(turn, { timeoutNs: Math.min(2 * timeoutNs, maximumTimeoutNs) });
}

/** Sets the timer, to run as long as this. */
export function armAfter(turn: Turn, pending: NonNullable<Retransmission["pending"]>, afterNs: number): void {
  setTimer(turn, "retransmit", afterNs);
  updateRetransmission(turn, { pending });
}

function mayProbe({ state, sack, retransmission }: TcpConnection): boolean {
  if (!sack || state === "SYN-SENT" || state === "SYN-RECV") return false;
  return retransmission.count === 0 && !retransmission.probed && retransmission.recoverUntil === undefined;
}

function lossProbeNs({ send, retransmission }: TcpConnection): number {
  if (retransmission.smoothedNs === undefined) return Math.min(initialTimeoutNs, retransmission.timeoutNs);
  const margin = send.inFlight.length === 1 ? minimumTimeoutNs : minimumProbeNs;
  return Math.min(2 * retransmission.smoothedNs + margin, retransmission.timeoutNs);
}
