import { transmitQueued } from "./output.ts";
import { transmitReset } from "./segments.ts";
import { enter, forget, type Turn, update, updateSend } from "./turn.ts";

/** send(2): queues the data, and sends what may be sent. Before the handshake is done it only queues. */
export function takeSend(turn: Turn, data: Uint8Array): void {
  const { state, orphaned, send } = turn.connection;
  if (orphaned || data.length === 0) return;
  updateSend(turn, { queue: [...send.queue, data] });
  if (state === "ESTAB" || state === "CLOSE-WAIT") transmitQueued(turn);
}

/** close(2): the FIN follows what is queued (net/ipv4/tcp.c, tcp_close). */
export function takeClose(turn: Turn): void {
  if (turn.connection.orphaned) return;
  const { state } = turn.connection;
  update(turn, { orphaned: true });
  if (state === "SYN-SENT") return forget(turn);
  enter(turn, state === "CLOSE-WAIT" ? "LAST-ACK" : "FIN-WAIT-1");
  updateSend(turn, { finQueued: true });
  transmitQueued(turn);
}

/** Ends the connection without regard for what is queued. */
export function takeReset(turn: Turn): void {
  const { state } = turn.connection;
  update(turn, { orphaned: true });
  if (state !== "SYN-SENT" && state !== "TIME-WAIT") transmitReset(turn);
  forget(turn);
}
