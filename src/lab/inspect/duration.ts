const units = [
  { ns: 1_000_000_000, name: "s" },
  { ns: 1_000_000, name: "ms" },
  { ns: 1_000, name: "µs" },
] as const;

/** `1.5 s`, `2 µs`, `0 s`: at most three decimals, in the largest unit that leaves a whole part. */
export function printDurationNs(ns: number): string {
  const unit = units.find((one) => Math.abs(ns) >= one.ns);
  if (unit === undefined) return ns === 0 ? "0 s" : `${ns} ns`;
  return `${Number((ns / unit.ns).toFixed(3))} ${unit.name}`;
}
