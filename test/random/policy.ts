import type { Addressing } from "./addressing.ts";
import type { Chance } from "./chance.ts";
import type { Device } from "./topology.ts";

const tables = [100, 200] as const;

/** Policy routing of one namespace: tables of its own, and rules that say when they are asked. */
export function policyLines(
  devices: readonly Device[],
  gateways: readonly string[],
  addressing: Addressing,
  chance: Chance,
): readonly string[] {
  if (gateways.length === 0 || !chance.is(0.2)) return [];
  const table = chance.pick(tables);
  const route = chance.weighted([
    [6, `route default via ${chance.pick(gateways)} table ${table}`],
    [1, `route unreachable default table ${table}`],
    [1, `route blackhole default table ${table}`],
  ]);
  const count = chance.between(1, 2);
  const rules = Array.from({ length: count }, (_, index) => {
    const selector = drawSelector(devices, addressing, chance);
    return `rule ${selector} lookup ${chance.pick([table, table, 300])} pref ${1000 + index}`;
  });
  return [route, ...rules];
}

/** `ip -n n1 rule add from 10.1.0.0/24 lookup 100`, or what takes one away. */
export function drawRuleCommand(
  netns: string,
  devices: readonly Device[],
  addressing: Addressing,
  chance: Chance,
): string {
  if (chance.is(0.3)) return `ip -n ${netns} rule del pref ${chance.pick([1000, 1001, 2000])}`;
  const selector = drawSelector(devices, addressing, chance);
  const table = chance.pick([...tables, "main", 300]);
  return `ip -n ${netns} rule add ${selector} lookup ${table} pref ${chance.pick([2000, 2001])}`;
}

function drawSelector(devices: readonly Device[], { subnets, addresses }: Addressing, chance: Chance): string {
  const hosts = addresses.map(({ text }) => `${text}/32`);
  const block = () => chance.pick(chance.is(0.7) || hosts.length === 0 ? subnets.map(({ text }) => text) : hosts);
  const { dev } = devices.length === 0 ? { dev: "lo" } : chance.pick(devices);
  return chance.weighted<() => string>([
    [4, () => `from ${block()}`],
    [4, () => `to ${block()}`],
    [3, () => `iif ${dev}`],
    [1, () => `from ${block()} to ${block()}`],
  ])();
}
