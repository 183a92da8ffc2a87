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

/** Undefined where the kernel does not tell, as in a container that hides the file. */
export function readJiffies(): JiffiesReading | undefined {
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

/** The wheel of a world whose time 0 is `beganNs`; the two readings are some tenths of a second apart, or more. */
export function timerWheelOf(first: JiffiesReading, last: JiffiesReading, beganNs: number): TimerWheel | undefined {
  const seconds = (last.monotonicNs - first.monotonicNs) / 1e9;
  const measured = (last.jiffies - first.jiffies) / seconds;
  const rate = tickRates.find((one) => Math.abs(one - measured) < 0.1 * one);
  if (rate === undefined) return undefined;
  const jiffyNs = 1e9 / rate;
  const sinceTickNs = modulo(first.monotonicNs - first.tickNs, jiffyNs);
  const beforeBeginNs = beganNs - first.atNs + sinceTickNs;
  const jiffiesBefore = Math.floor(beforeBeginNs / jiffyNs);
  return { jiffyNs, jiffiesAtStart: first.jiffies + jiffiesBefore, startedNs: jiffiesBefore * jiffyNs - beforeBeginNs };
}

function modulo(one: number, other: number): number {
  return ((one % other) + other) % other;
}
