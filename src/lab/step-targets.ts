import { portsText } from "../config/iptables/print-words.ts";
import type { Rule, Target } from "../config/iptables/rule-set.ts";
import type { HookPosition } from "../linux/netfilter/position.ts";
import { stage } from "../linux/stage.ts";
import type { World } from "../linux/world.ts";
import { formatIpv4 } from "../wire/ipv4-address.ts";
import { deviceName } from "./names.ts";
import { nftEndpoints } from "./nft-step-targets.ts";

/** One way that a packet's next step may lead: a copy of a flood, or an endpoint that chance would choose. */
export type StepTarget =
  | { readonly kind: "copy"; readonly label: string; readonly device: number }
  /** `chain` is where it is chosen, `rule` the row of the rule that is to match there, `into` the chain that this leads to. */
  | {
      readonly kind: "endpoint";
      readonly label: string;
      readonly chain: number;
      readonly rule: number;
      /** Where the rule draws a number: the one that leads there. */
      readonly number?: number;
      readonly into: number;
    };

/** Where the packet's next step may lead, if there is a choice; empty where there is none. */
export function stepTargets(world: World, packet: number): readonly StepTarget[] {
  const { packets } = world;
  switch (packets.stage.get(packet)) {
    case stage.bridgeFlood:
      return copies(world, packet);
    case stage.nfRule:
      return endpoints(world, packets.netns.get(packet), packets.hookAt.get(packet) as HookPosition);
    default:
      return [];
  }
}

/** The ports of the bridge that may get one, the newest first, as they are served. */
function copies(world: World, packet: number): readonly StepTarget[] {
  const { packets, devices } = world;
  const from = packets.inDevice.get(packet);
  const ports: number[] = [];
  for (let port = devices.firstPort.get(packets.device.get(packet)); port !== 0; port = devices.nextPort.get(port))
    if ((port !== from || devices.hairpin.get(port) === 1) && devices.isRunning(port)) ports.unshift(port);
  if (ports.length < 2) return [];
  return ports.map((device) => ({ kind: "copy", label: `the copy to ${deviceName(world, device)}`, device }));
}

/** The endpoints among which the rules that follow in this chain, or in the one that this rule jumps to, draw lots. */
function endpoints(world: World, netns: number, at: HookPosition): readonly StepTarget[] {
  const { netfilter } = world;
  if (netfilter.nftTableOf(at.chain) !== 0) return nftEndpoints(world, at);
  const table = netfilter.tableOf(at.chain);
  const here = endpointsOf(world, netns, at.chain, at.rule);
  if (here.length > 0) return here;
  const target = ruleAt(world, at.chain, at.rule)?.target;
  if (target?.target !== "jump" && target?.target !== "goto") return [];
  return endpointsOf(world, netns, netfilter.findChain(netns, table, target.chain), 0);
}

function endpointsOf(world: World, netns: number, chain: number, from: number): readonly StepTarget[] {
  const { netfilter } = world;
  if (chain === 0) return [];
  const rows = netfilter.chainRules.get(chain).slice(from);
  const first = rows.findIndex((row) => isByChance(netfilter.rule.get(row)));
  if (first < 0) return [];
  return rows.slice(first).flatMap((row): StepTarget[] => {
    const target = netfilter.rule.get(row)?.target;
    if (target?.target !== "jump") return [];
    const into = netfilter.findChain(netns, netfilter.tableOf(chain), target.chain);
    return [{ kind: "endpoint", label: endpointLabel(world, into, target), chain, rule: row, into }];
  });
}

function isByChance(rule: Rule | null): boolean {
  return rule?.matches.some((one) => one.match === "statistic" && one.mode === "random") === true;
}

/** `10.244.1.9:8080 by KUBE-SEP-…`: where the chain translates to, if it does. */
function endpointLabel(world: World, into: number, target: Extract<Target, { target: "jump" | "goto" }>): string {
  const { netfilter } = world;
  for (const row of into === 0 ? [] : netfilter.chainRules.get(into)) {
    const found = netfilter.rule.get(row)?.target;
    if (found?.target !== "DNAT" || found.range.addresses === undefined) continue;
    const { addresses, ports } = found.range;
    return `${formatIpv4(addresses.first)}${ports === undefined ? "" : `:${portsText(ports)}`} by ${target.chain}`;
  }
  return target.chain;
}

function ruleAt({ netfilter }: World, chain: number, rule: number): Rule | null | undefined {
  const row = netfilter.chainRules.get(chain)[rule];
  return row === undefined ? undefined : netfilter.rule.get(row);
}
