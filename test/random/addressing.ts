import type { Chance } from "./chance.ts";
import type { Topology } from "./topology.ts";

/** Who has which address. */
export interface Addressing {
  readonly subnets: readonly Subnet[];
  readonly addresses: readonly Addressed[];
}

export interface Subnet {
  /** `10.1.0.0/24`. */
  readonly text: string;
  readonly base: string;
  readonly length: number;
}

export interface Addressed {
  readonly netns: string;
  readonly dev: string;
  readonly segment: number;
  readonly subnet: Subnet;
  /** `10.1.0.3`. */
  readonly text: string;
  readonly length: number;
}

/** Each segment is a subnet, mostly; some stations have no address, one of another subnet, or somebody else's. */
export function drawAddresses({ stations }: Topology, chance: Chance): Addressing {
  const subnets = new Map<number, Subnet>();
  for (const { segment } of stations) {
    if (!subnets.has(segment)) subnets.set(segment, drawSubnet(subnets.size + 1, chance));
  }
  if (subnets.size === 0) subnets.set(0, drawSubnet(1, chance));
  const all = [...subnets.values()];
  const addresses: Addressed[] = [];
  for (const { netns, dev, segment } of stations) {
    if (chance.is(dev.startsWith("br") ? 0.35 : 0.08)) continue;
    const home = subnets.get(segment) as Subnet;
    for (let again = true; again; again = chance.is(0.12)) {
      const subnet = chance.is(0.05) ? chance.pick(all) : home;
      const text = `${subnet.base}.${chance.is(0.06) ? chance.between(2, 4) : addresses.length + 2}`;
      const length = chance.is(0.06) ? chance.pick([16, 25, 30, 32]) : subnet.length;
      const isTaken = addresses.some((one) => one.netns === netns && one.text === text);
      if (!isTaken) addresses.push({ netns, dev, segment, subnet, text, length });
    }
  }
  if (addresses.length === 0) {
    const [subnet] = all;
    const [station] = stations;
    if (station) addresses.push({ ...station, subnet, text: `${subnet.base}.2`, length: subnet.length });
  }
  return { subnets: all, addresses };
}

function drawSubnet(number: number, chance: Chance): Subnet {
  const length = chance.weighted([
    [8, 24],
    [1, 16],
    [1, 26],
  ]);
  const base = `10.${number}.0`;
  return { base, length, text: `${base}.0/${length}` };
}
