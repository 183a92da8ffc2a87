import type { Rule } from "../../config/iptables/rule-set.ts";
import type { World } from "../world.ts";

/** The bit of `Namespaces.hooks` that says that bridges call the hooks of IPv4. */
export const bridgeHooks = 1 << 5;
/** That connections are tracked. */
const tracking = 1 << 6;
/** That table nat exists, and connections may be translated. */
const translating = 1 << 7;

/** `nf_ct_netns_get`: whether rules of this namespace ask for connections. */
export function tracksConnections({ namespaces }: World, netns: number): boolean {
  return (namespaces.hooks.get(netns) & tracking) !== 0;
}

/** `nf_nat_register_fn`: the first chain of table nat brings translation to all hooks of a namespace. */
export function translatesAddresses({ namespaces }: World, netns: number): boolean {
  return (namespaces.hooks.get(netns) & translating) !== 0;
}

/** Hooks that connection tracking stands at: PREROUTING, INPUT, OUTPUT, POSTROUTING. */
const trackingHooks = 0b11011;

/** Works out anew what is registered at the hooks of a namespace, after its rules or sysctls changed. */
export function refreshHooks(world: World, netns: number): void {
  const { netfilter, namespaces } = world;
  let hooks = 0;
  let tracks = false;
  for (const chain of netfilter.allChainsOf(netns)) {
    const hookNumber = netfilter.chainHook.get(chain);
    if (hookNumber >= 0) hooks |= 1 << hookNumber;
    if (hookNumber >= 0 && netfilter.tableOf(chain) === "nat") hooks |= translating | trackingHooks;
    tracks ||= netfilter.chainRules.get(chain).some((row) => needsTracking(netfilter.rule.get(row)));
  }
  if (tracks) hooks |= tracking | trackingHooks;
  const bridges = namespaces.sysctls.get(netns)["net.bridge.bridge-nf-call-iptables"] ?? 1;
  namespaces.hooks.set(netns, hooks !== 0 && bridges !== 0 ? hooks | bridgeHooks : hooks);
}

const trackingMatches: ReadonlySet<string> = new Set(["conntrack", "state", "connmark"]);
const trackingTargets: ReadonlySet<string> = new Set([
  ...["DNAT", "SNAT", "MASQUERADE", "REDIRECT", "CONNMARK", "NOTRACK"],
]);

/** `nf_ct_netns_get`: connections are tracked where a rule asks for them; an empty table nat does not. */
function needsTracking(rule: Rule | null): boolean {
  if (rule === null) return false;
  if (rule.target !== undefined && trackingTargets.has(rule.target.target)) return true;
  return rule.matches.some(({ match }) => trackingMatches.has(match));
}
