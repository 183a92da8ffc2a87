import type { SocketError } from "../../../programs/program.ts";
import type {
  Acknowledging,
  ReceiveSpace,
  Retransmission,
  SendSpace,
  TcpConnection,
  TcpEffect,
  TcpState,
  TcpStep,
  TcpTimer,
} from "./connection.ts";

/** What one input has done so far. The connection in it is always a whole value; it is replaced, never changed. */
export interface Turn {
  connection: TcpConnection;
  readonly effects: TcpEffect[];
  readonly nowNs: number;
  readonly linkTakes: LinkTakes;
}

/**
 * Whether the device that leads to the peer takes an IPv4 packet of so many bytes now. Where it does not, the segment is lost, and
 * TCP knows (NET_XMIT_DROP, which `__tcp_transmit_skb` returns).
 */
export type LinkTakes = (bytes: number) => boolean;

export function beginTurn(connection: TcpConnection, nowNs: number, linkTakes: LinkTakes = () => true): Turn {
  return { connection, effects: [], nowNs, linkTakes };
}

export function endTurn(turn: Turn): TcpStep {
  return { connection: turn.connection, effects: turn.effects };
}

export function update(turn: Turn, changes: Partial<TcpConnection>): void {
  turn.connection = { ...turn.connection, ...changes };
}

export function updateSend(turn: Turn, changes: Partial<SendSpace>): void {
  update(turn, { send: { ...turn.connection.send, ...changes } });
}

export function updateReceive(turn: Turn, changes: Partial<ReceiveSpace>): void {
  update(turn, { receive: { ...turn.connection.receive, ...changes } });
}

export function updateAcknowledging(turn: Turn, changes: Partial<Acknowledging>): void {
  update(turn, { acknowledging: { ...turn.connection.acknowledging, ...changes } });
}

export function updateRetransmission(turn: Turn, changes: Partial<Retransmission>): void {
  update(turn, { retransmission: { ...turn.connection.retransmission, ...changes } });
}

export function enter(turn: Turn, state: TcpState): void {
  update(turn, { state });
}

export function setTimer(turn: Turn, timer: TcpTimer, afterNs: number): void {
  turn.effects.push({ kind: "set timer", timer, afterNs });
}

export function clearTimer(turn: Turn, timer: TcpTimer): void {
  turn.effects.push({ kind: "clear timer", timer });
}

/** Tells the program, where there still is one. */
export function tell(turn: Turn, effect: TcpEffect): void {
  if (!turn.connection.orphaned) turn.effects.push(effect);
}

/** Ends the connection at once: no segment is sent, no timer is left. */
export function forget(turn: Turn, error?: SocketError): void {
  if (turn.connection.retransmission.pending !== undefined) clearTimer(turn, "retransmit");
  if (turn.connection.acknowledging.delayTimerSet) clearTimer(turn, "delayed ack");
  const waits = turn.connection.state === "TIME-WAIT" || turn.connection.state === "FIN-WAIT-2";
  if (waits && turn.connection.orphaned) clearTimer(turn, "time wait");
  updateRetransmission(turn, { pending: undefined });
  updateAcknowledging(turn, { delayTimerSet: false, scheduled: false });
  updateSend(turn, { inFlight: [], queue: [], finQueued: false });
  enter(turn, "CLOSED");
  if (error !== undefined) tell(turn, { kind: "error", error });
  turn.effects.push({ kind: "closed" });
}
