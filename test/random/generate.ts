import { parseIpv4 } from "../../src/wire/address-text.ts";
import { broadcastAddress, networkAddress, prefixContains } from "../../src/wire/ipv4-address.ts";
import { type Addressed, type Addressing, drawAddresses } from "./addressing.ts";
import { Chance } from "./chance.ts";
import { generateClusterLab } from "./cluster.ts";
import { policyLines } from "./policy.ts";
import type { LabNamespace, RandomLab } from "./random-lab.ts";
import { drawStatements } from "./statements.ts";
import { drawSysctl } from "./sysctls.ts";
import { bridgesOf, cableOf, type Device, drawTopology } from "./topology.ts";

/** A small lab; the same seed gives the same text. */
export function generateLab(seed: number): RandomLab {
  const chance = new Chance(seed);
  if (chance.is(0.2)) return generateClusterLab(`seed ${seed}`, chance);
  const topology = drawTopology(chance);
  const addressing = drawAddresses(topology, chance);
  const addressLines = (device: Device) =>
    addressing.addresses.flatMap((one) =>
      one.netns === device.netns && one.dev === device.dev ? [`address ${one.text}/${one.length}`] : [],
    );
  const betweenBridges = new Set(
    topology.cables.filter((ends) => ends.every(({ master }) => master !== undefined)).flat(),
  );
  const namespaces = topology.namespaces.map((name): LabNamespace => {
    const bridges = bridgesOf(topology, name, (bridge) => [
      ...addressLines(bridge),
      ...(chance.is(0.1) ? [`ageing ${chance.pick(["0s", "1s", "3s"])}`] : []),
    ]);
    const devices = [...topology.bridges, ...topology.cables.flat()].filter(({ netns }) => netns === name);
    const lines = namespaceLines(name, devices, addressing, chance);
    // Between two bridges, what comes back out of its own port goes round for ever.
    const reflecting = devices.filter((one) => one.master !== undefined && !betweenBridges.has(one) && chance.is(0.1));
    const hairpins = reflecting.map(({ dev, master }) => `interface ${dev} { master ${master}; hairpin on }`);
    return { name, bridges, lines: [...lines, ...hairpins] };
  });
  const cables = topology.cables.map((ends) => ({
    ends: cableOf(ends, addressLines),
    mtu: chance.is(0.15) ? chance.pick([576, 600, 1000, 1280, 1400, 1499]) : undefined,
  }));
  const statements = drawStatements({ topology, addressing }, chance);
  return { title: `seed ${seed}`, blocks: [], namespaces, cables, statements };
}

function namespaceLines(
  name: string,
  devices: readonly Device[],
  addressing: Addressing,
  chance: Chance,
): readonly string[] {
  const lines: string[] = [];
  const own = addressing.addresses.filter(({ netns }) => netns === name);
  if (chance.is(own.length > 1 ? 0.75 : 0.3)) lines.push("sysctl net.ipv4.ip_forward 1");
  while (chance.is(0.25)) lines.push(`sysctl ${drawSysctl(devices, chance)}`);
  lines.push(...routeLines(own, addressing, chance));
  const gateways = neighboursOf(own, addressing).map(({ text }) => text);
  lines.push(...policyLines(devices, gateways, addressing, chance));
  if (own.length > 0 && chance.is(0.1)) {
    const { text, dev } = chance.pick(addressing.addresses);
    lines.push(
      `neigh ${text} lladdr 02:00:00:00:00:${chance.pick(["01", "02"])} dev ${chance.pick([dev, own[0].dev])}`,
    );
  }
  if (chance.is(0.7)) lines.push(`container c { ${drawListeners(chance).join("; ")} }`);
  return lines.filter((line) => isPossible(line, devices));
}

/** A neighbour can only be given to a device that is there. */
function isPossible(line: string, devices: readonly Device[]): boolean {
  const dev = /^neigh .* dev (\S+)$/.exec(line)?.[1];
  return dev === undefined || devices.some((device) => device.dev === dev);
}

function routeLines(own: readonly Addressed[], addressing: Addressing, chance: Chance): readonly string[] {
  const lines = new Map<string, string>();
  for (const gateway of neighboursOf(own, addressing)) {
    if (!lines.has("default") && chance.is(0.35)) lines.set("default", `route default via ${gateway.text}`);
    else if (chance.is(0.3)) {
      const target = chance.pick(addressing.subnets);
      if (!own.some(({ subnet }) => subnet.text === target.text))
        lines.set(target.text, `route ${target.text} via ${gateway.text}`);
    }
  }
  if (chance.is(0.12)) {
    const type = chance.pick(["blackhole", "unreachable", "prohibit"]);
    const destination = chance.pick([
      ...addressing.subnets.map(({ text }) => text),
      ...addressing.addresses.map(({ text }) => `${text}/32`),
    ]);
    if (!lines.has(destination)) lines.set(destination, `route ${type} ${destination} metric ${chance.pick([5, 50])}`);
  }
  return [...lines.values()];
}

/** Gateways that Linux accepts: addresses of others in the network of an address of one's own. */
function neighboursOf(own: readonly Addressed[], { addresses }: Addressing): readonly Addressed[] {
  return addresses.filter(
    (one) =>
      !own.some(({ text }) => text === one.text) &&
      own.some((mine) => mine.segment === one.segment && isInNetworkOf(mine, one)),
  );
}

/** Not as the first or last address of it: those are broadcast addresses. */
function isInNetworkOf({ text, length }: Addressed, other: Addressed): boolean {
  const network = { address: networkAddress({ address: parseIpv4(text) ?? 0, length }), length };
  const address = parseIpv4(other.text) ?? 0;
  return prefixContains(network, address) && address !== network.address && address !== broadcastAddress(network);
}

function drawListeners(chance: Chance): readonly string[] {
  return ["tcp 80 http", "udp 9000 echo", "tcp 9001 echo", "udp 9002 sink", "tcp 9003 whoami", "tcp 9004 sink"]
    .filter((_, index) => chance.is(index < 2 ? 0.75 : 0.3))
    .concat("udp 9005 echo")
    .map((words) => `listen ${words}`);
}
