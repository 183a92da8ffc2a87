import { type Rule, tableNames } from "../../config/iptables/rule-set.ts";
import type { NftRule } from "../../config/nft/rule-set.ts";
import type { World } from "../world.ts";
import { type HookStep, hook, hookSteps } from "./position.ts";

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
    if (hookNumber >= 0 && isOfNat(world, chain)) hooks |= translating | trackingHooks;
    tracks ||= netfilter.chainRules
      .get(chain)
      .some((row) => needsTracking(netfilter.rule.get(row)) || nftNeedsTracking(netfilter.nftRule.get(row)));
  }
  namespaces.hookSteps.set(netns, stepsOf(world, netns));
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

/** The same of nftables (`nft_ct_get_init`, `nft_nat_init`, `nft_masq_init`, …). */
function nftNeedsTracking(rule: NftRule | null): boolean {
  if (rule === null) return false;
  return rule.statements.some((one) => {
    if (one.statement === "match" || one.statement === "vmap")
      return one.selectors.some(({ field }) => field.startsWith("ct "));
    if (one.statement === "set mark") return one.mark === "ct mark" || one.value.from === "ct mark";
    return one.statement === "nat" || one.statement === "notrack";
  });
}

function isOfNat({ netfilter }: World, chain: number): boolean {
  const nft = netfilter.nftChain.get(chain);
  return nft === null ? netfilter.tableOf(chain) === "nat" : nft.base?.type === "nat";
}

/** Priorities of what stands at the hooks besides nftables (include/uapi/linux/netfilter_ipv4.h). */
const priorities = { defragment: -400, raw: -300, track: -200, mangle: -150, filter: 0, confirm: 2 ** 31 - 1 } as const;

/** What stands at the hooks of a namespace, by their numbers: where nftables has no chains, always the same. */
function stepsOf(world: World, netns: number): readonly (readonly HookStep[])[] {
  const { netfilter } = world;
  const chains = netfilter.allChainsOf(netns).filter((chain) => netfilter.chainHook.get(chain) >= 0);
  const own = chains.filter((chain) => netfilter.nftChain.get(chain) !== null);
  if (own.length === 0) return hookSteps;
  return hookSteps.map((usual, hookNumber) => {
    const isHere = (chain: number) => netfilter.chainHook.get(chain) === hookNumber;
    const steps = [
      ...usual.map((step) => placedStep(world, netns, step, hookNumber)),
      ...own.filter(isHere).map((chain) => placedChain(world, chain, hookNumber)),
    ];
    return steps.sort(inTurn).map(({ step }) => step);
  });
}

interface PlacedStep {
  readonly step: HookStep;
  readonly priority: number;
  /** Inside NAT, which has one place at a hook: its chains by their priorities, and then what they have chosen. */
  readonly inside: number;
  readonly age: number;
}

/** `nf_hook_entries_grow`: of equal priorities, what was registered later comes first. */
function inTurn(one: PlacedStep, other: PlacedStep): number {
  return one.priority - other.priority || one.inside - other.inside || other.age - one.age;
}

function placedStep({ netfilter }: World, netns: number, step: HookStep, hookNumber: number): PlacedStep {
  const table = tableNames.find((name) => name === step);
  const chain = table === undefined ? 0 : netfilter.baseChain(netns, table, hookNumber);
  const age = chain === 0 ? 0 : netfilter.chainAge.get(chain);
  const nat = natPriority(hookNumber);
  if (step === "nat") return { step, priority: nat, inside: nat, age };
  if (step === "translate") return { step, priority: nat, inside: Number.POSITIVE_INFINITY, age };
  return { step, priority: priorities[step as keyof typeof priorities], inside: 0, age };
}

function placedChain({ netfilter }: World, chain: number, hookNumber: number): PlacedStep {
  const { type, priority } = netfilter.nftChain.get(chain)?.base ?? { type: "filter", priority: 0 };
  const age = netfilter.chainAge.get(chain);
  const step = { chain, type } as const;
  // A chain of type nat is called by NAT itself (`nf_nat_inet_fn`), wherever its own priority would put it.
  return type === "nat"
    ? { step, priority: natPriority(hookNumber), inside: priority, age }
    : { step, priority, inside: 0, age };
}

function natPriority(hookNumber: number): number {
  return hookNumber === hook.prerouting || hookNumber === hook.output ? -100 : 100;
}
