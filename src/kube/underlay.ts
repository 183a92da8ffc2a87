import type { SetUpCommand } from "../plan/commands.ts";
import type { MacAddress } from "../wire/mac-address.ts";
import { type ClusterLayout, memberNodeAddress, memberNodeMac } from "./layout.ts";
import { memberCount } from "./model.ts";
import { podSysctls } from "./sysctls.ts";

/** The switch that nodes with an address of their own are plugged into; it is a namespace with a bridge. */
export interface Underlay {
  readonly netns: string;
  readonly dev: string;
}

/** The switch, where any node needs one. */
export function underlayOf({ model, names }: ClusterLayout): Underlay | undefined {
  if (!model.nodes.some((group) => group.address)) return undefined;
  let netns = "switch";
  for (let number = 1; names.resolve(netns).kind !== "unknown"; number++) netns = `switch${number}`;
  return { netns, dev: "br0" };
}

/** Makes the switch. */
export function* switchCommands(layout: ClusterLayout, { netns, dev }: Underlay): Generator<SetUpCommand> {
  const source = layout.model.nodes.find((group) => group.address)?.source;
  if (source === undefined) return;
  yield { do: "node add", node: netns, source };
  yield { do: "netns add", netns, node: netns, role: "netns", source };
  for (const [key, value] of podSysctls) yield { do: "sysctl", netns, key, value, source };
  yield { do: "link set", netns, dev: "lo", up: true, source };
  yield { do: "bridge add", netns, dev, mac: switchPortMac(0xff_ffff), source };
  yield { do: "link set", netns, dev, up: true, source };
}

/** Plugs the nodes in, in file order. */
export function* uplinkCommands(layout: ClusterLayout, underlay: Underlay): Generator<SetUpCommand> {
  let port = 0;
  for (const group of layout.model.nodes) {
    for (let member = 0; group.address && member < memberCount(group.name); member++) {
      const source = group.address.source;
      const netns = layout.names.nodeName(group, member);
      const prefix = memberNodeAddress(group, member);
      if (prefix === undefined) continue;
      port++;
      const [peerNetns, peerDev] = [underlay.netns, `p${port}`];
      const [mac, peerMac] = [memberNodeMac(group, member), switchPortMac(port)];
      yield { do: "veth add", netns, dev: "eth0", mac, peerNetns, peerDev, peerMac, source };
      yield { do: "link set", netns: peerNetns, dev: peerDev, master: underlay.dev, up: true, source };
      yield { do: "addr add", netns, dev: "eth0", prefix, source };
      yield { do: "link set", netns, dev: "eth0", up: true, source };
    }
  }
}

/** `02:cc:00` and the port's number. */
function switchPortMac(port: number): MacAddress {
  return 0x02cc_0000_0000 + port;
}
