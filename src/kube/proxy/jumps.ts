import { comment, type RestoreChain, type RestoreTable } from "./rule-lists.ts";

/** A rule by which packets get from a chain of the kernel into one of kube-proxy's. */
export interface Jump {
  readonly table: RestoreTable["name"];
  readonly from: string;
  readonly to: string;
  /** What follows `-I FROM`. */
  readonly rule: string;
}

const fresh = "-m conntrack --ctstate NEW";

/**
 * The jumps that kube-proxy makes before its first sync, in the order in which it inserts them, each at the top of its
 * chain: the last one stands first. The two to KUBE-FIREWALL are kubelet's; kube-proxy makes them as well.
 */
export const jumps: readonly Jump[] = [
  jump("filter", "INPUT", "KUBE-EXTERNAL-SERVICES", "kubernetes externally-visible service portals", fresh),
  jump("filter", "FORWARD", "KUBE-EXTERNAL-SERVICES", "kubernetes externally-visible service portals", fresh),
  jump("filter", "INPUT", "KUBE-NODEPORTS", "kubernetes health check service ports"),
  jump("filter", "FORWARD", "KUBE-SERVICES", "kubernetes service portals", fresh),
  jump("filter", "OUTPUT", "KUBE-SERVICES", "kubernetes service portals", fresh),
  jump("filter", "FORWARD", "KUBE-FORWARD", "kubernetes forwarding rules"),
  jump("filter", "INPUT", "KUBE-PROXY-FIREWALL", "kubernetes load balancer firewall", fresh),
  jump("filter", "OUTPUT", "KUBE-PROXY-FIREWALL", "kubernetes load balancer firewall", fresh),
  jump("filter", "FORWARD", "KUBE-PROXY-FIREWALL", "kubernetes load balancer firewall", fresh),
  jump("nat", "OUTPUT", "KUBE-SERVICES", "kubernetes service portals"),
  jump("nat", "PREROUTING", "KUBE-SERVICES", "kubernetes service portals"),
  jump("nat", "POSTROUTING", "KUBE-POSTROUTING", "kubernetes postrouting rules"),
  jump("filter", "INPUT", "KUBE-FIREWALL"),
  jump("filter", "OUTPUT", "KUBE-FIREWALL"),
];

/** The tables of a node that has nothing but kube-proxy: its chains, and above them the kernel's, with the jumps. */
export function withJumps(tables: readonly RestoreTable[]): readonly RestoreTable[] {
  return tables.map(({ name, chains }) => {
    const own = jumps.filter(({ table }) => table === name);
    const targets = own.map(({ to }) => to).filter((to) => !chains.some((chain) => chain.name === to));
    return {
      name,
      chains: [
        ...hooks[name].map((hook) => ({ name: hook, rules: rulesAt(own, hook) })),
        ...chains,
        ...[...new Set(targets)].map((to): RestoreChain => ({ name: to, rules: [] })),
      ],
    };
  });
}

const hooks: Readonly<Record<RestoreTable["name"], readonly string[]>> = {
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
};

function rulesAt(own: readonly Jump[], hook: string): readonly string[] {
  return own
    .filter(({ from }) => from === hook)
    .map(({ rule }) => rule)
    .reverse();
}

function jump(table: Jump["table"], from: string, to: string, note = "", match = ""): Jump {
  const parts = [match, note === "" ? "" : comment(note), `-j ${to}`];
  return { table, from, to, rule: parts.filter((part) => part !== "").join(" ") };
}
