import type { SentSegment } from "./connection.ts";
import { duplicateThreshold, minimumProbeNs } from "./constants.ts";
import { armAfter } from "./retransmission.ts";
import { isAfter } from "./sequence.ts";
import { type Turn, updateRetransmission, updateSend } from "./turn.ts";

/**
 * Loss detection by time (RFC 8985, net/ipv4/tcp_recovery.c): what was sent before something that has arrived, and should have
 * arrived by now, is lost.
 */

/** Remembers the segment that was sent last of all that have arrived (`tcp_rack_advance`). */
export function noteDelivered(turn: Turn, delivered: readonly SentSegment[]): void {
  for (const { sentNs, end, retransmitted } of delivered) {
    const { latestDelivered: latest, minimumNs } = turn.connection.retransmission;
    const roundTripNs = turn.nowNs - sentNs;
    // So soon, it is the answer to the copy that was sent first.
    if (retransmitted && minimumNs !== undefined && roundTripNs < minimumNs) continue;
    if (latest === undefined || wasSentBefore(latest, { sentNs, end }))
      updateRetransmission(turn, { latestDelivered: { sentNs, end, roundTripNs } });
  }
}

/** Marks as lost what has been overtaken; for what may still arrive, sets a timer (`tcp_rack_mark_lost`). True when anything is lost. */
export function markOvertaken(turn: Turn): boolean {
  const { latestDelivered: latest } = turn.connection.retransmission;
  if (latest === undefined) return false;
  const patienceNs = latest.roundTripNs + reorderingNs(turn);
  let [isAnyLost, waitNs] = [false, 0];
  const inFlight = turn.connection.send.inFlight.map((segment) => {
    if (segment.sacked || segment.lost || !wasSentBefore(segment, latest)) return segment;
    const leftNs = segment.sentNs + patienceNs - turn.nowNs;
    waitNs = Math.max(waitNs, leftNs);
    if (leftNs > 0) return segment;
    isAnyLost = true;
    return { ...segment, lost: true };
  });
  if (isAnyLost) updateSend(turn, { inFlight });
  if (waitNs > 0) armAfter(turn, "reordering", waitNs + minimumProbeNs);
  return isAnyLost;
}

/** How late a segment may be that another one has overtaken (`tcp_rack_reo_wnd`): not at all when there are enough signs of a loss. */
function reorderingNs({ connection: { send, retransmission } }: Turn): number {
  const { recoverUntil, minimumNs = 0, smoothedNs = 0 } = retransmission;
  const sacked = send.inFlight.filter((segment) => segment.sacked).length;
  if (recoverUntil !== undefined || sacked >= duplicateThreshold) return 0;
  return Math.min(minimumNs / 4, smoothedNs / 8);
}

function wasSentBefore(one: Pick<SentSegment, "sentNs" | "end">, other: Pick<SentSegment, "sentNs" | "end">): boolean {
  return one.sentNs < other.sentNs || (one.sentNs === other.sentNs && isAfter(other.end, one.end));
}
