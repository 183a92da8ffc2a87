import type { Endpoint } from "../../../programs/program.ts";
import { noBytes } from "../../../wire/octets.ts";
import { type TcpSegment, tcpFlag } from "../../../wire/tcp.ts";
import { tcpOptions } from "../../../wire/tcp-options.ts";
import { initialAcknowledging } from "./acknowledging.ts";
import { initialCongestion } from "./congestion.ts";
import type { TcpConnection, TcpState, TcpStep } from "./connection.ts";
import { defaultMss, receiveWindowScale, smallestMss } from "./constants.ts";
import { announcedMss, initialWindow, sendMss } from "./options.ts";
import { transmitNew } from "./output.ts";
import { armTimeout, initialRetransmission } from "./retransmission.ts";
import { sequenceAdd } from "./sequence.ts";
import { beginTurn, endTurn } from "./turn.ts";

export interface TcpParameters {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** The MTU of the path to the peer, as far as it is known, without IP and TCP header. */
  readonly mss: number;
  readonly initialSequence: number;
  /** Added to the millisecond clock in TSval. */
  readonly timestampOffset: number;
}

/** connect(2): sends a SYN. */
export function openTcp(parameters: TcpParameters, nowNs: number): TcpStep {
  const turn = beginTurn(newConnection(parameters, "SYN-SENT", nowNs), nowNs);
  transmitNew(turn, tcpFlag.syn, noBytes);
  armTimeout(turn);
  return endTurn(turn);
}

/** A SYN has come to a listener: answers it with SYN,ACK. */
export function acceptTcp(parameters: TcpParameters, syn: TcpSegment, nowNs: number): TcpStep {
  const turn = beginTurn(answeringConnection(parameters, syn, nowNs), nowNs);
  transmitNew(turn, tcpFlag.syn | tcpFlag.ack, noBytes);
  armTimeout(turn);
  return endTurn(turn);
}

/** What this end may use with a peer whose SYN carried these options: nothing that not both offered. */
export function withPeerOptions(connection: TcpConnection, syn: TcpSegment): TcpConnection {
  const peer = tcpOptions(syn);
  const { timestamps, send, receive } = connection;
  const usesTimestamps = timestamps !== undefined && peer.timestamps !== undefined;
  const scales = peer.windowScale !== undefined;
  return {
    ...connection,
    sack: connection.sack && peer.sackPermitted,
    timestamps: usesTimestamps ? { offset: timestamps.offset, recent: peer.timestamps.value } : undefined,
    send: {
      ...send,
      mss: sendMss(send.mss, peer, usesTimestamps),
      windowScale: scales ? Math.min(14, peer.windowScale) : 0,
      window: syn.window,
      largestWindow: syn.window,
      windowSequence: syn.sequence,
    },
    receive: {
      ...receive,
      initial: syn.sequence,
      next: sequenceAdd(syn.sequence, 1),
      acknowledged: sequenceAdd(syn.sequence, 1),
      windowScale: scales ? receiveWindowScale : 0,
    },
  };
}

function answeringConnection(parameters: TcpParameters, syn: TcpSegment, nowNs: number): TcpConnection {
  const fresh: TcpConnection = { ...newConnection(parameters, "SYN-RECV", nowNs), passive: true };
  const connection = withPeerOptions(fresh, syn);
  const window = initialWindow(connection.receive.announcedMss, connection.timestamps !== undefined);
  return { ...connection, receive: { ...connection.receive, window } };
}

function newConnection(parameters: TcpParameters, state: TcpState, nowNs: number): TcpConnection {
  const mss = announcedMss(parameters.mss);
  return {
    state,
    local: parameters.local,
    remote: parameters.remote,
    passive: false,
    orphaned: false,
    send: {
      initial: parameters.initialSequence,
      unacknowledged: parameters.initialSequence,
      next: parameters.initialSequence,
      window: 0,
      largestWindow: 0,
      windowSequence: 0,
      windowAcknowledgment: parameters.initialSequence,
      windowScale: 0,
      mss: Math.max(parameters.mss, smallestMss),
      inFlight: [],
      queue: [],
      finQueued: false,
      smallEnd: parameters.initialSequence,
      congestion: initialCongestion,
    },
    receive: {
      initial: 0,
      next: 0,
      window: initialWindow(mss, false),
      windowScale: receiveWindowScale,
      announcedMss: mss,
      acknowledged: 0,
      outOfOrder: [],
      sackBlocks: [],
    },
    acknowledging: { ...initialAcknowledging(Math.min(mss, defaultMss)), lastDataNs: nowNs },
    retransmission: initialRetransmission,
    timestamps: { offset: parameters.timestampOffset, recent: 0 },
    sack: true,
  };
}
