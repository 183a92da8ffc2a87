import type { Congestion, SendSpace } from "./connection.ts";

/** TCP_INIT_CWND, and TCP_INFINITE_SSTHRESH. */
export const initialCongestion: Congestion = { window: 10, threshold: 0x7fff_ffff };

/** What CUBIC leaves of the window after a loss, in 1024ths (net/ipv4/tcp_cubic.c, beta). */
const cubicBeta = 717;

/** How many segments may still be sent (`tcp_cwnd_test`): those that are taken for lost are no longer on their way. */
export function congestionRoom({ inFlight, congestion }: SendSpace): number {
  let onTheirWay = 0;
  for (const segment of inFlight) if (!segment.sacked && !segment.lost) onTheirWay++;
  return Math.max(0, congestion.window - onTheirWay);
}

/** `tcp_enter_loss`: one segment at a time. The threshold is lowered by the first of several time-outs only. */
export function afterTimeout({ window, threshold }: Congestion, isFirst: boolean): Congestion {
  return { window: 1, threshold: isFirst ? Math.max(2, Math.floor((window * cubicBeta) / 1024)) : threshold };
}

/**
 * `tcp_slow_start`: as many more as were acknowledged. Beyond the threshold the window stays: how CUBIC widens it in
 * minutes is not simulated.
 */
export function afterProgress({ window, threshold }: Congestion, acknowledged: number): Congestion {
  return { window: Math.max(window, Math.min(window + acknowledged, threshold)), threshold };
}
