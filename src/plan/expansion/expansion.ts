import type { SourceRange } from "../../base/source-range.ts";
import { restoreText } from "../../config/iptables/restore-text.ts";
import { formatIpv4, formatPrefix } from "../../wire/ipv4-address.ts";
import { formatMac } from "../../wire/mac-address.ts";
import type { NetworkPlan } from "../plan.ts";
import { type Device, type Gathered, gather, type Machine } from "./gather.ts";
import { type Place, scenarioLines } from "./scenarios.ts";

/** A file of the language's low level. */
export interface Expansion {
  readonly text: string;
  /** What the low level has no words for. */
  readonly problems: readonly { readonly message: string; readonly source: SourceRange }[];
}

/**
 * What a plan says in the words of the language's low level: what `node`, `pod` and `service` have come to. The same happens
 * there, frame for frame, but for how long neighbours are believed: that goes by the order in which devices are made.
 */
export function expandPlan(plan: NetworkPlan): Expansion {
  const gathered = gather(plan.setUp());
  const problems = gathered.left.map(({ message, command }) => ({ message, source: command.source }));
  const place: Place = {
    addressesOf: (name) =>
      gathered.machines.get(name)?.devices.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    complain: (message, source) => problems.push({ message, source }),
  };
  const lines = [
    "cluster { cni none; proxy none }",
    "",
    ...topMachines(gathered).flatMap((machine) => [...machineLines(machine, gathered), ""]),
    ...gathered.cables.map(cableLine),
    ...hubLines(gathered),
    ...plan.scenarios.flatMap((scenario) => ["", ...scenarioLines(scenario, place)]),
  ];
  return { text: `${lines.join("\n")}\n`, problems };
}

/** Namespaces of a node stand inside it; all others are machines of their own, behind the nodes as they are built. */
function topMachines({ machines }: Gathered): readonly Machine[] {
  const top = [...machines.values()].filter(({ added }) => added.netns === added.node);
  const isNode = ({ added }: Machine) => added.role === "node";
  return [...top.filter(isNode), ...top.filter((machine) => !isNode(machine))];
}

function machineLines(machine: Machine, gathered: Gathered): readonly string[] {
  const { netns, node, role } = machine.added;
  const isNode = role === "node";
  const isTop = netns === node;
  const inside = isTop
    ? [...gathered.machines.values()].filter(({ added }) => added.node === node && added.netns !== node)
    : [];
  const blocks = [contentLines(machine), ...inside.map((one) => machineLines(one, gathered))].filter(
    ({ length }) => length > 0,
  );
  const head = `${isNode ? "node" : "netns"} ${localName(netns)}`;
  if (blocks.length === 0) return [head];
  return [`${head} {`, ...blocks.flatMap((block, i) => (i === 0 ? block : ["", ...block])).map(indented), "}"];
}

/** Inside a node a namespace goes by its own name. */
function localName(netns: string): string {
  return netns.slice(netns.lastIndexOf("/") + 1);
}

function contentLines(machine: Machine): readonly string[] {
  const { devices, sysctls, lines, sets, ruleSets, listeners } = machine;
  const containers = new Map<string, string[]>();
  for (const { container, protocol, address, port, program } of listeners) {
    const at = address === 0 ? `${port}` : `${formatIpv4(address)}:${port}`;
    containers.set(container, [...(containers.get(container) ?? []), `listen ${protocol} ${at} ${program}`]);
  }
  return [
    ...[...sysctls].map(([key, value]) => `sysctl ${key} ${value}`),
    ...devices.flatMap(deviceLines),
    ...lines,
    ...sets,
    ...ruleSets.flatMap(ruleSetLines),
    ...[...containers].map(([name, listens]) => `container ${name} { ${listens.join("; ")} }`),
  ];
}

function ruleSetLines(ruleSet: Machine["ruleSets"][number]): readonly string[] {
  const isNft = ruleSet.do === "nft";
  const head = isNft ? "nft" : `iptables-restore${ruleSet.noFlush ? " --noflush" : ""}`;
  const text = isNft ? ruleSet.text : restoreText(ruleSet.tables);
  return [`${head} """`, ...text.trim().split("\n").map(indented), '"""'];
}

/** What of a device stands in its namespace: bridges and vxlan devices whole, of a cable's end what its own line does not say. */
function deviceLines(device: Device): readonly string[] {
  const { dev, made, mtu, master, up, hairpin } = device;
  const mac = device.mac === undefined ? [] : [`mac ${formatMac(device.mac)}`];
  const addresses = device.addresses.map((prefix) => `address ${formatPrefix(prefix)}`);
  const port = [...(hairpin === undefined ? [] : [`hairpin ${hairpin ? "on" : "off"}`])];
  const state = up ? [] : ["down"];
  const size = mtu === undefined ? [] : [`mtu ${mtu}`];
  if (made === "veth" || made === "station") return interfaceLine(dev, [...size, ...port, ...state]);
  if (made.do === "bridge add") {
    const { ageingTimeNs } = made;
    const ageing = ageingTimeNs === undefined ? [] : [`ageing ${ageingTimeNs / 1e9}s`];
    return [
      `bridge ${dev} { ${[...addresses, ...mac, ...ageing].join("; ")} }`,
      ...interfaceLine(dev, [...size, ...state]),
    ];
  }
  const { vni, local, underlying, learning, ttl } = made;
  const settings = [
    `id ${vni}`,
    ...(local === undefined ? [] : [`local ${formatIpv4(local)}`]),
    ...(underlying === undefined ? [] : [`dev ${underlying}`]),
    ...[`port ${made.port}`, `learning ${learning ? "on" : "off"}`],
    ...(ttl === undefined ? [] : [`ttl ${ttl}`]),
    ...mac,
    ...size,
    ...(master === undefined ? [] : [`master ${master}`]),
    ...addresses,
    ...device.vteps.map((entry) => `fdb ${formatMac(entry.mac)} dst ${formatIpv4(entry.remote ?? 0)}`),
  ];
  return [`vxlan ${dev} {`, ...settings.map(indented), "}"];
}

function interfaceLine(dev: string, settings: readonly string[]): readonly string[] {
  return settings.length === 0 ? [] : [`interface ${dev} { ${settings.join("; ")} }`];
}

function cableLine([near, far]: readonly [Device, Device]): string {
  return `veth ${endWords(near)} <-> ${endWords(far)}`;
}

/** `pod1/eth0 mac 0a:58:0a:f4:00:02 address 10.244.0.2/24 master br0` */
function endWords({ netns, dev, mac, addresses, master }: Device): string {
  return [
    `${netns}/${dev}`,
    ...(mac === undefined ? [] : [`mac ${formatMac(mac)}`]),
    ...addresses.map((prefix) => `address ${formatPrefix(prefix)}`),
    ...(master === undefined ? [] : [`master ${master}`]),
  ].join(" ");
}

function hubLines({ hubs }: Gathered): readonly string[] {
  return hubs.flatMap(({ hub, stations }) => [
    `hub ${hub.hub} {`,
    `  speed ${hub.bitRate / 1e6}Mbit`,
    ...stations.map(
      ({ device, card }) => `  station ${endWords(device)} cable ${card.cableMetres}m duplex ${card.duplex}`,
    ),
    "}",
  ]);
}

function indented(line: string): string {
  return line === "" ? "" : `  ${line}`;
}
