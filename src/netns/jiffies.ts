import { readFileSync } from "node:fs";
import type { TimerWheel } from "../linux/timer-wheel.ts";
import { epochNs } from "./time.ts";

/** The kernel's own count of time at a moment (`/proc/timer_list`, kernel/time/timer_list.c). */
export interface JiffiesReading {
  readonly jiffies: number;
  /** When it was read, by `epochNs`. */
  readonly atNs: number;
  /** By the kernel's monotonic clock: the same moment, and one at which a jiffy began. */
  readonly monotonicNs: number;
  readonly tickNs: number;
}

/** HZ, as kernels are built (kernel/Kconfig.hz). */
const tickRates = [100, 250, 300, 1000] as const;

/** Some readings; none where the kernel does not tell, as in a container that hides the file. */
export function readJiffies(): readonly JiffiesReading[] {
  return Array.from({ length: 3 }, readOnce).filter((reading) => reading !== undefined);
}

function readOnce(): JiffiesReading | undefined {
  try {
    const beforeNs = epochNs();
    const text = readFileSync("/proc/timer_list", "utf8");
    return parseTimerList(text, (beforeNs + epochNs()) / 2);
  } catch {
    return undefined;
  }
}

/** `atNs`: when the text was read. */
export function parseTimerList(text: string, atNs: number): JiffiesReading | undefined {
  const [monotonicNs, jiffies, tickNs] = [
    /^now at (\d+) nsecs/m,
    /^jiffies: (\d+)/m,
    /^ +\.last_tick +: (\d+) nsecs/m,
  ].map((pattern) => Number(pattern.exec(text)?.[1]));
  const isWhole = [monotonicNs, jiffies, tickNs].every((one) => Number.isFinite(one));
  return isWhole ? { jiffies, atNs, monotonicNs, tickNs } : undefined;
}

/**
 * The wheel of a world whose time 0 is `beganNs`. The readings reach over some tenths of a second, or more; one that was
 * taken while a tick passed may be wrong by one jiffy.
 */
export function timerWheelOf(readings: readonly JiffiesReading[], beganNs: number): TimerWheel | undefined {
  const [first, last] = [readings[0], readings.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const seconds = (last.monotonicNs - first.monotonicNs) / 1e9;
  const measured = (last.jiffies - first.jiffies) / seconds;
  const rate = tickRates.find((one) => Math.abs(one - measured) < 0.1 * one);
  if (rate === undefined) return undefined;
  const jiffyNs = 1e9 / rate;
  const ticksAt = (timeNs: number) => Math.floor((timeNs - first.tickNs) / jiffyNs);
  const jiffiesAtTick = median(readings.map(({ jiffies, monotonicNs }) => jiffies - ticksAt(monotonicNs)));
  const beganMonotonicNs = beganNs - median(readings.map(({ atNs, monotonicNs }) => atNs - monotonicNs));
  const ticks = ticksAt(beganMonotonicNs);
  return {
    jiffyNs,
    jiffiesAtStart: jiffiesAtTick + ticks,
    startedNs: first.tickNs + ticks * jiffyNs - beganMonotonicNs,
  };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}
