import type { NftHook } from "./rule-set.ts";

/** The names of priorities (include/uapi/linux/netfilter_ipv4.h, `NF_IP_PRI_*`); some belong to one hook alone. */
export const priorityNames: readonly {
  readonly name: string;
  readonly priority: number;
  readonly hook?: NftHook;
}[] = [
  { name: "raw", priority: -300 },
  { name: "mangle", priority: -150 },
  { name: "dstnat", priority: -100, hook: "prerouting" },
  { name: "filter", priority: 0 },
  { name: "security", priority: 50 },
  { name: "srcnat", priority: 100, hook: "postrouting" },
];

/** As `nft list` prints it: `dstnat - 10` where a name is at most ten away, else the number. */
export function printPriority(priority: number, hook: NftHook): string {
  const near = priorityNames.find(
    (one) => (one.hook ?? hook) === hook && Math.abs(priority - one.priority) <= mostDistance,
  );
  if (near === undefined) return String(priority);
  const distance = priority - near.priority;
  if (distance === 0) return near.name;
  return `${near.name} ${distance < 0 ? "-" : "+"} ${Math.abs(distance)}`;
}

const mostDistance = 10;
