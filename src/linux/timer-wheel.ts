/**
 * The timer wheel of one machine (kernel/time/timer.c), where its phase is known. Linux counts time in jiffies and keeps
 * timers in levels, each eight times as coarse as the one before: a timer is never early, and late by as much as its level's
 * granularity (at 250 Hz: 4 ms up to 252 ms, 32 ms up to 2 s, 256 ms up to 16 s, 2 s up to 2 min).
 */
export interface TimerWheel {
  readonly jiffyNs: number;
  /** Jiffies at the world's time 0; what matters is the number modulo the coarsest level's granularity. */
  readonly jiffiesAtStart: number;
  /** When the jiffy of time 0 began: from `-jiffyNs` to 0. */
  readonly startedNs: number;
}

/** LVL_SIZE - 1 and LVL_CLK_SHIFT. */
const levelStart = 63;
const levelShift = 3;
const levels = 9;

/** When a timer that is set at `nowNs` for `dueNs` fires: `calc_wheel_index`. */
export function wheelExpiryNs(wheel: TimerWheel, nowNs: number, dueNs: number): number {
  const { jiffyNs, jiffiesAtStart, startedNs } = wheel;
  const jiffiesAt = (timeNs: number) => jiffiesAtStart + Math.floor((timeNs - startedNs) / jiffyNs);
  const due = jiffiesAt(dueNs);
  const granularity = granularityOf(due - jiffiesAt(nowNs));
  const expiry = (Math.floor(due / granularity) + 1) * granularity;
  return startedNs + (expiry - jiffiesAtStart) * jiffyNs;
}

/** When the jiffy of a moment began: what the kernel notes for that moment. */
export function jiffyStartNs({ jiffyNs, startedNs }: TimerWheel, timeNs: number): number {
  return startedNs + Math.floor((timeNs - startedNs) / jiffyNs) * jiffyNs;
}

/** In jiffies, of a timer that is so many jiffies away. */
function granularityOf(jiffies: number): number {
  let level = 0;
  while (level < levels - 1 && jiffies >= levelStart << (level * levelShift)) level++;
  return 1 << (level * levelShift);
}
