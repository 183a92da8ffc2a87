import { formatIpv4 } from "../wire/ipv4-address.ts";

/** Round trip times in whole microseconds, as iputils sums them. */
export interface RoundTrips {
  readonly minimumUs: number;
  readonly maximumUs: number;
  readonly sumUs: number;
  readonly sumOfSquaresUs: number;
}

export interface PingCounts {
  readonly transmitted: number;
  readonly received: number;
  readonly duplicates: number;
  readonly errors: number;
  /** From the first send to the last. */
  readonly elapsedMs: number;
  /** The largest number of requests that were on their way at once. */
  readonly pipeSize: number;
  /** Absent when the payload is too short to carry a time stamp, or nothing was received. */
  readonly roundTrips?: RoundTrips;
}

/** The head of `ping`'s output; the number in parentheses counts ICMP and IP header too. */
export function pingHeadText(destinationText: string, address: number, sizeBytes: number): string {
  return `PING ${destinationText} (${formatIpv4(address)}) ${sizeBytes}(${sizeBytes + 28}) bytes of data.\n`;
}

/** The precision falls as the time grows (iputils ping_common.c, gather_statistics). */
export function tripTimeText(us: number): string {
  if (us >= 100_000 - 50) return `${Math.floor((us + 500) / 1000)} ms`;
  if (us >= 10_000 - 5) return `${decimals(us + 50, 1)} ms`;
  if (us >= 1_000) return `${decimals(us + 5, 2)} ms`;
  return `${decimals(us, 3)} ms`;
}

/** What the error says, without its sender (iputils ping.c, pr_icmph). `rest` is the second word of the ICMP header. */
export function icmpErrorText(type: number, code: number, rest: number): string {
  switch (type) {
    case 3:
      if (code === 4) return `Frag needed and DF set (mtu = ${rest})`;
      return unreachableTexts[code] ?? `Dest Unreachable, Bad Code: ${code}`;
    case 5:
      return `${redirectTexts[code] ?? `Redirect, Bad Code: ${code}`}(New nexthop: ${formatIpv4(rest)})`;
    case 11:
      return timeExceededTexts[code] ?? `Time exceeded, Bad Code: ${code}`;
    case 12:
      return `Parameter problem: pointer = ${rest >>> 24}`;
    default:
      return `Bad ICMP type: ${type}`;
  }
}

/** The statistics that `ping` prints when it ends (iputils ping_common.c, finish). */
export function statisticsText(destinationText: string, counts: PingCounts): string {
  const duplicates = counts.duplicates > 0 ? `, +${counts.duplicates} duplicates` : "";
  const errors = counts.errors > 0 ? `, +${counts.errors} errors` : "";
  const loss =
    counts.transmitted > 0
      ? `, ${sixDigits(((counts.transmitted - counts.received) * 100) / counts.transmitted)}% packet loss, time ${counts.elapsedMs}ms`
      : "";
  return (
    `\n--- ${destinationText} ping statistics ---\n` +
    `${counts.transmitted} packets transmitted, ${counts.received} received${duplicates}${errors}${loss}\n` +
    `${tailText(counts)}\n`
  );
}

function tailText(counts: PingCounts): string {
  const parts: string[] = [];
  if (counts.roundTrips !== undefined && counts.received > 0) {
    parts.push(roundTripText(counts.roundTrips, counts.received + counts.duplicates));
  }
  if (counts.pipeSize > 1) parts.push(`pipe ${counts.pipeSize}`);
  return parts.join(", ");
}

function roundTripText(trips: RoundTrips, count: number): string {
  const averageUs = Math.floor(trips.sumUs / count);
  const variance = Math.floor((trips.sumOfSquaresUs - Math.floor((trips.sumUs * trips.sumUs) / count)) / count);
  const deviationUs = Math.floor(Math.sqrt(Math.max(0, variance)));
  const values = [trips.minimumUs, averageUs, trips.maximumUs, deviationUs];
  return `rtt min/avg/max/mdev = ${values.map((us) => decimals(us, 3)).join("/")} ms`;
}

/** Microseconds as milliseconds, cut (not rounded) to some decimals. */
function decimals(us: number, digits: number): string {
  const fraction = String(us % 1000).padStart(3, "0");
  return `${Math.floor(us / 1000)}.${fraction.slice(0, digits)}`;
}

/** C's `%g`. */
function sixDigits(value: number): string {
  return String(Number(value.toPrecision(6)));
}

const unreachableTexts: readonly (string | undefined)[] = [
  "Destination Net Unreachable",
  "Destination Host Unreachable",
  "Destination Protocol Unreachable",
  "Destination Port Unreachable",
  undefined,
  "Source Route Failed",
  "Destination Net Unknown",
  "Destination Host Unknown",
  "Source Host Isolated",
  "Destination Net Prohibited",
  "Destination Host Prohibited",
  "Destination Net Unreachable for Type of Service",
  "Destination Host Unreachable for Type of Service",
  "Packet filtered",
  "Precedence Violation",
  "Precedence Cutoff",
];

const redirectTexts: readonly string[] = [
  "Redirect Network",
  "Redirect Host",
  "Redirect Type of Service and Network",
  "Redirect Type of Service and Host",
];

const timeExceededTexts: readonly string[] = ["Time to live exceeded", "Frag reassembly time exceeded"];
