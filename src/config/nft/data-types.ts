import { formatIpv4 } from "../../wire/ipv4-address.ts";

/** The types of nftables that keys and data may have here (nft describe TYPE). */
export type DataType =
  | "ipv4_addr"
  | "inet_proto"
  | "inet_service"
  | "mark"
  | "ifname"
  | "ct_state"
  | "ct_status"
  | "ct_dir"
  | "fib_addrtype"
  | "icmp_type"
  | "icmp_code"
  | "nf_proto"
  | "integer";

/** Types that a named set may be declared with. */
export const setTypes = [
  "ipv4_addr",
  "inet_proto",
  "inet_service",
  "mark",
  "ifname",
  "ct_state",
  "icmp_type",
] as const satisfies readonly DataType[];

/** One part of a key: a number, a device's name (with `*` behind it: the beginning of names), or a range. */
export type Part = number | string | Range;

/** Inclusive. */
export interface Range {
  readonly first: number;
  readonly last: number;
  /** Printed as `10.0.0.0/8`. */
  readonly prefixLength?: number;
}

export interface TypeTraits {
  readonly bytes: number;
  /** Kept as this machine keeps numbers, rather than as they travel; nft's order of elements tells. */
  readonly hostOrder: boolean;
  /** Elements of a set that `nft list` puts on one line. */
  readonly perLine: number;
  readonly largest: number;
  /** Every bit has a meaning of its own. */
  readonly bitmask?: boolean;
  readonly names?: Readonly<Record<string, number>>;
}

const protocols = {
  icmp: 1,
  igmp: 2,
  ggp: 3,
  ipencap: 4,
  st: 5,
  tcp: 6,
  egp: 8,
  igp: 9,
  pup: 12,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  sctp: 132,
  udplite: 136,
};

/** include/uapi/linux/netfilter/nf_conntrack_common.h, and `NF_CT_STATE_BIT` of nft_ct. */
const connectionStates = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 };
const connectionStatus = {
  expected: 1,
  "seen-reply": 2,
  assured: 4,
  confirmed: 8,
  snat: 16,
  dnat: 32,
  dying: 512,
};

/** include/uapi/linux/rtnetlink.h, `RTN_*`. */
const routeTypes = {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
};

const icmpTypes = {
  "echo-reply": 0,
  "destination-unreachable": 3,
  "source-quench": 4,
  redirect: 5,
  "echo-request": 8,
  "router-advertisement": 9,
  "router-solicitation": 10,
  "time-exceeded": 11,
  "parameter-problem": 12,
  "timestamp-request": 13,
  "timestamp-reply": 14,
  "info-request": 15,
  "info-reply": 16,
  "address-mask-request": 17,
  "address-mask-reply": 18,
};

export const icmpCodes = {
  "net-unreachable": 0,
  "host-unreachable": 1,
  "prot-unreachable": 2,
  "port-unreachable": 3,
  "frag-needed": 4,
  "net-prohibited": 9,
  "host-prohibited": 10,
  "admin-prohibited": 13,
} as const;

export const typeTraits: Readonly<Record<DataType, TypeTraits>> = {
  ipv4_addr: { bytes: 4, hostOrder: false, perLine: 2, largest: 0xffff_ffff },
  inet_proto: { bytes: 1, hostOrder: true, perLine: 5, largest: 255, names: protocols },
  inet_service: { bytes: 2, hostOrder: false, perLine: 5, largest: 65_535 },
  mark: { bytes: 4, hostOrder: true, perLine: 5, largest: 0xffff_ffff },
  ifname: { bytes: 16, hostOrder: true, perLine: 1, largest: 0 },
  ct_state: { bytes: 4, hostOrder: true, perLine: 5, largest: 127, bitmask: true, names: connectionStates },
  ct_status: { bytes: 4, hostOrder: true, perLine: 5, largest: 1023, bitmask: true, names: connectionStatus },
  ct_dir: { bytes: 1, hostOrder: true, perLine: 1, largest: 1, names: { original: 0, reply: 1 } },
  fib_addrtype: { bytes: 4, hostOrder: true, perLine: 1, largest: 11, names: routeTypes },
  icmp_type: { bytes: 1, hostOrder: true, perLine: 1, largest: 255, names: icmpTypes },
  icmp_code: { bytes: 1, hostOrder: true, perLine: 1, largest: 255, names: icmpCodes },
  nf_proto: { bytes: 1, hostOrder: true, perLine: 5, largest: 10, names: { ipv4: 2, ipv6: 10 } },
  integer: { bytes: 4, hostOrder: true, perLine: 1, largest: 0xffff_ffff },
};

export function isRange(part: Part): part is Range {
  return typeof part === "object";
}

/** The least and the greatest value of a part that is not a name. */
export function bounds(part: Part): Range {
  if (isRange(part)) return part;
  const value = typeof part === "number" ? part : 0;
  return { first: value, last: value };
}

export function isInPart(part: Part, value: number | string): boolean {
  if (typeof part === "number") return part === value;
  if (typeof part === "object") return typeof value === "number" && value >= part.first && value <= part.last;
  if (typeof value !== "string") return false;
  return part.endsWith("*") ? value.startsWith(part.slice(0, -1)) : part === value;
}

/** The prefix that a range of addresses is, where it is one. */
export function asPrefix({ first, last }: Range): Range {
  const size = last - first + 1;
  const bits = Math.log2(size);
  if (!Number.isInteger(bits) || first % size !== 0) return { first, last };
  return { first, last, prefixLength: 32 - bits };
}

/** As `nft list` prints it. */
export function printPart(type: DataType, part: Part): string {
  if (typeof part === "string") return `"${part}"`;
  if (isRange(part)) {
    const first = printValue(type, part.first);
    return part.prefixLength === undefined
      ? `${first}-${printValue(type, part.last)}`
      : `${first}/${part.prefixLength}`;
  }
  return printValue(type, part);
}

/** Bits by their names, the lowest first: `established,new`. */
export function printBits(type: DataType, bits: number): string {
  const names = Object.entries(typeTraits[type].names ?? {}).filter(([, bit]) => (bits & bit) !== 0);
  return names.map(([name]) => name).join(",");
}

export function printMark(mark: number): string {
  return `0x${(mark >>> 0).toString(16).padStart(8, "0")}`;
}

function printValue(type: DataType, value: number): string {
  if (type === "ipv4_addr") return formatIpv4(value);
  if (type === "mark") return printMark(value);
  const named = Object.entries(typeTraits[type].names ?? {}).find(([, number]) => number === value);
  return named?.[0] ?? String(value);
}
