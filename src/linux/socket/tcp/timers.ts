import { noBytes } from "../../../wire/octets.ts";
import { tcpFlag } from "../../../wire/tcp.ts";
import { noteDelayPassed } from "./acknowledging.ts";
import { afterTimeout } from "./congestion.ts";
import type { TcpTimer } from "./connection.ts";
import {
  dataRetries,
  maximumTimeoutNs,
  minimumTimeoutNs,
  orphanRetries,
  resourceProbeNs,
  synAckRetries,
  synLinearTimeouts,
  synRetries,
} from "./constants.ts";
import { retransmit, transmitIntoSmallWindow, transmitQueued } from "./output.ts";
import { recoverOvertaken } from "./recovery.ts";
import { armAfter, armTimeout, backOff } from "./retransmission.ts";
import { transmit, transmitAcknowledgment } from "./segments.ts";
import { sequenceAdd } from "./sequence.ts";
import { forget, type Turn, updateAcknowledging, updateRetransmission, updateSend } from "./turn.ts";

export function takeTimer(turn: Turn, timer: TcpTimer): void {
  switch (timer) {
    case "time wait":
      return forget(turn);
    case "delayed ack": {
      const { scheduled } = turn.connection.acknowledging;
      if (!scheduled) return updateAcknowledging(turn, { delayTimerSet: false });
      noteDelayPassed(turn);
      return transmitAcknowledgment(turn);
    }
    case "retransmit": {
      const { pending } = turn.connection.retransmission;
      updateRetransmission(turn, { pending: undefined });
      if (pending === "loss probe") return probeLoss(turn);
      if (pending === "window probe") return probeWindow(turn);
      if (pending === "reordering") return giveUpReordered(turn);
      return takeTimeout(turn);
    }
  }
}

/** The time-out of the first segment in flight (net/ipv4/tcp_timer.c, tcp_retransmit_timer). */
function takeTimeout(turn: Turn): void {
  const { state, passive } = turn.connection;
  if (turn.connection.send.inFlight.length === 0) return;
  if (hasGivenUp(turn)) return giveUp(turn);
  const { count, firstNs } = turn.connection.retransmission;
  updateRetransmission(turn, { count: count + 1, firstNs: firstNs ?? turn.nowNs });
  const connecting = state === "SYN-SENT" || state === "SYN-RECV";
  if (!connecting) markAllLost(turn);
  else if (count > 0 && !passive)
    updateSend(turn, { congestion: afterTimeout(turn.connection.send.congestion, false) });
  if (!retransmit(turn, turn.connection.send.inFlight[0])) return armAfter(turn, "retransmit", resourceProbeNs);
  const linear = state === "SYN-SENT" && !passive && count + 1 <= synLinearTimeouts;
  if (!linear) backOff(turn);
  armTimeout(turn);
}

/** While connecting, so many tries; later, as long as so many tries would take from 200 ms on (retransmits_timed_out). */
function hasGivenUp(turn: Turn): boolean {
  const { state, passive, orphaned, retransmission } = turn.connection;
  if (state === "SYN-SENT") return retransmission.count >= synRetries + synLinearTimeouts;
  if (state === "SYN-RECV") return retransmission.count >= (passive ? synAckRetries : synRetries);
  if (retransmission.firstNs === undefined) return false;
  return turn.nowNs - retransmission.firstNs >= patienceNs(orphaned ? orphanRetries : dataRetries);
}

/** An attempt that came from outside ends unnoticed: no program knows of it yet. */
function giveUp(turn: Turn): void {
  const { state, passive, retransmission } = turn.connection;
  const unknown = passive && state === "SYN-RECV";
  forget(turn, unknown ? undefined : (retransmission.softError ?? "ETIMEDOUT"));
}

function patienceNs(retries: number): number {
  const doublings = Math.floor(Math.log2(maximumTimeoutNs / minimumTimeoutNs));
  if (retries <= doublings) return (2 ** (retries + 1) - 1) * minimumTimeoutNs;
  return (2 ** (doublings + 1) - 1) * minimumTimeoutNs + (retries - doublings) * maximumTimeoutNs;
}

/** All that the peer does not hold is taken for lost; its acknowledgments will ask for the rest (tcp_enter_loss). */
function markAllLost(turn: Turn): void {
  const { send, retransmission } = turn.connection;
  const inFlight = send.inFlight.map((segment) => ({ ...segment, lost: !segment.sacked }));
  updateSend(turn, { inFlight, congestion: afterTimeout(send.congestion, retransmission.recoverUntil === undefined) });
  updateRetransmission(turn, { recoverUntil: send.next });
}

/** Sends something new, else the last segment again, so that the peer's answer shows what is missing (tcp_send_loss_probe). */
function probeLoss(turn: Turn): void {
  const { next, inFlight } = turn.connection.send;
  updateRetransmission(turn, { probed: true });
  const sent = transmitQueued(turn);
  const last = inFlight.at(-1);
  if (sent !== "not taken" && turn.connection.send.next === next && last !== undefined) retransmit(turn, last);
  armTimeout(turn);
}

/** What was overtaken has not arrived since (`tcp_rack_reo_timeout`). */
function giveUpReordered(turn: Turn): void {
  recoverOvertaken(turn);
  if (turn.connection.retransmission.pending === undefined) armTimeout(turn);
}

/** Makes the peer tell its window: with data if a little fits, else with a sequence number that it must refuse (tcp_write_wakeup). */
function probeWindow(turn: Turn): void {
  const { send, retransmission, orphaned } = turn.connection;
  if (retransmission.count >= (orphaned ? orphanRetries : dataRetries)) return giveUp(turn);
  const sent = transmitIntoSmallWindow(turn);
  if (sent === "sent") return armTimeout(turn);
  updateRetransmission(turn, { count: retransmission.count + 1 });
  if (sent === "not taken") return armAfter(turn, "window probe", resourceProbeNs);
  transmit(turn, { sequence: sequenceAdd(send.unacknowledged, -1), flags: tcpFlag.ack, data: noBytes });
  backOff(turn);
  armTimeout(turn, "window probe");
}
