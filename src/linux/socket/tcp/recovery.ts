import { congestionRoom } from "./congestion.ts";
import type { SendSpace } from "./connection.ts";
import { retransmit } from "./output.ts";
import { markOvertaken } from "./rack.ts";
import { armTimeout } from "./retransmission.ts";
import { type Turn, updateRetransmission } from "./turn.ts";

/** Looks for losses, and sends again what is lost (`tcp_fastretrans_alert`). */
export function recoverOvertaken(turn: Turn): void {
  markOvertaken(turn);
  const { send, retransmission } = turn.connection;
  if (!hasLost(send)) return;
  if (retransmission.recoverUntil === undefined) updateRetransmission(turn, { recoverUntil: send.next });
  resendLost(turn);
}

/** Two lost segments for each acknowledgment, as slow start allows. With the first one in flight the time-out begins anew. */
function resendLost(turn: Turn): void {
  const { send } = turn.connection;
  const lost = send.inFlight.filter((one) => one.lost);
  for (const segment of lost.slice(0, Math.min(2, congestionRoom(send)))) {
    if (!retransmit(turn, segment)) return;
    const isFirst = segment.sequence === send.inFlight[0].sequence;
    if (isFirst && turn.connection.retransmission.pending !== "reordering") armTimeout(turn);
  }
}

function hasLost(send: SendSpace): boolean {
  return send.inFlight.some((segment) => segment.lost);
}
