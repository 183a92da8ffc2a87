import type { SourceRange } from "../base/source-range.ts";
import type { SetUpCommand } from "../plan/commands.ts";
import { type Ipv4Address, type Ipv4Prefix, prefixContains } from "../wire/ipv4-address.ts";
import type { MacAddress } from "../wire/mac-address.ts";
import { type ClusterLayout, memberNodeAddress, memberNodeMac } from "./layout.ts";
import { nodeMac } from "./mac-derivation.ts";
import type { MemberChoice } from "./member-choice.ts";
import type { ClusterModel, Sourced } from "./model.ts";
import { uplinkMtu } from "./pod-mtu.ts";
import { podSysctls } from "./sysctls.ts";

/** The bridge inside a switch's namespace. */
export const switchBridge = "br0";

/** A machine's cable to a switch. */
interface Uplink {
  readonly netns: string;
  readonly dev: string;
  readonly mac: MacAddress;
  readonly prefix: Ipv4Prefix;
  readonly mtu?: number;
  /** The switch's name in the plan. */
  readonly segment: string;
  readonly source: SourceRange;
}

/** The switch of all who name none, which is there when somebody needs it. */
function implicitSwitch({
  model,
  names,
}: ClusterLayout): { readonly netns: string; readonly source: SourceRange } | undefined {
  const first = statedUplinks(model).find(({ on }) => on === undefined);
  if (first === undefined) return undefined;
  let netns = "switch";
  for (let number = 1; names.resolve(netns).kind !== "unknown"; number++) netns = `switch${number}`;
  return { netns, source: first.source };
}

function statedUplinks({
  nodes,
  namespaces,
}: ClusterModel): { readonly on?: Sourced<string>; readonly source: SourceRange }[] {
  const ofNodes = nodes.filter(({ address }) => address !== undefined);
  return [...ofNodes, ...namespaces.flatMap(({ machine }) => machine?.uplinks ?? [])];
}

/** Makes the switch of all who name none; declared ones are made with the other namespaces of their kind. */
export function* implicitSwitchCommands(layout: ClusterLayout): Generator<SetUpCommand> {
  const found = implicitSwitch(layout);
  if (found === undefined) return;
  const [{ netns, source }, dev] = [found, switchBridge];
  yield { do: "node add", node: netns, source };
  yield { do: "netns add", netns, node: netns, role: "switch", source };
  for (const [key, value] of podSysctls) yield { do: "sysctl", netns, key, value, source };
  yield { do: "link set", netns, dev: "lo", up: true, source };
  yield { do: "bridge add", netns, dev, mac: switchPortMac(0, 0xff_ffff), source };
  yield { do: "link set", netns, dev, up: true, source };
}

/** Plugs in the nodes, then routers and hosts, each in file order; then the default routes. */
export function* uplinkCommands(layout: ClusterLayout, members: MemberChoice): Generator<SetUpCommand> {
  const switches = layout.model.namespaces.filter(({ machine }) => machine?.role === "switch");
  const numbers = new Map(switches.map((raw, i) => [layout.names.rawName(raw), i + 1]));
  const ports = new Map<string, number>();
  for (const { netns, dev, mac, prefix, mtu, segment, source } of uplinks(layout, members)) {
    const port = (ports.get(segment) ?? 0) + 1;
    ports.set(segment, port);
    const [peerDev, peerMac] = [`p${port}`, switchPortMac(numbers.get(segment) ?? 0, port)];
    yield { do: "veth add", netns, dev, mac, peerNetns: segment, peerDev, peerMac, source };
    yield { do: "link set", netns: segment, dev: peerDev, mtu, master: switchBridge, up: true, source };
    yield { do: "addr add", netns, dev, prefix, source };
    yield { do: "link set", netns, dev, mtu, up: true, source };
  }
  yield* defaultRouteCommands(layout, members);
}

function* uplinks(layout: ClusterLayout, members: MemberChoice): Generator<Uplink> {
  const { model, names } = layout;
  const implicit = implicitSwitch(layout)?.netns ?? "switch";
  for (const group of model.nodes) {
    const { address, on } = group;
    if (address === undefined || !isSwitch(model, on)) continue;
    const [mtu, segment, source] = [uplinkMtu(model, group), on?.value ?? implicit, address.source];
    for (const member of members(group)) {
      const [netns, mac] = [names.nodeName(group, member), memberNodeMac(group, member)];
      const prefix = memberNodeAddress(group, member) ?? address.value;
      yield { netns, dev: "eth0", mac, prefix, mtu, segment, source };
    }
  }
  for (const raw of model.namespaces) {
    for (const [i, uplink] of (raw.machine?.uplinks ?? []).entries()) {
      const { address, on, source } = uplink;
      if (!isSwitch(model, on)) continue;
      const mac = uplink.mac?.value ?? nodeMac(address.value.address);
      const [netns, prefix, mtu] = [names.rawName(raw), address.value, uplinkMtu(model, uplink)];
      yield { netns, dev: `eth${i}`, mac, prefix, mtu, segment: on?.value ?? implicit, source };
    }
  }
}

/** Whether that name is a switch's; one that is none has been reported. */
export function isSwitch({ namespaces }: ClusterModel, on: Sourced<string> | undefined): boolean {
  return (
    on === undefined || namespaces.some(({ machine, name }) => machine?.role === "switch" && name.base === on.value)
  );
}

function* defaultRouteCommands(layout: ClusterLayout, members: MemberChoice): Generator<SetUpCommand> {
  const { model, names } = layout;
  for (const group of model.nodes) {
    if (group.gateway === undefined || group.address === undefined) continue;
    for (const member of members(group)) {
      yield defaultRoute(names.nodeName(group, member), "eth0", group.gateway);
    }
  }
  for (const raw of model.namespaces) {
    const { gateway, uplinks: links = [] } = raw.machine ?? {};
    const number = gateway ? links.findIndex(({ address }) => prefixContains(address.value, gateway.value)) : -1;
    if (gateway && number >= 0) yield defaultRoute(names.rawName(raw), `eth${number}`, gateway);
  }
}

function defaultRoute(netns: string, dev: string, { value: via, source }: Sourced<Ipv4Address>): SetUpCommand {
  return { do: "route add", netns, type: "unicast", destination: { address: 0, length: 0 }, via, dev, source };
}

/** `02:cc`, the switch's number, and the port's. */
function switchPortMac(number: number, port: number): MacAddress {
  return 0x02cc_0000_0000 + number * 0x100_0000 + port;
}
