import type { SourceRange } from "../base/source-range.ts";
import type { SetUpCommand } from "../plan/commands.ts";
import type { Ipv4Prefix } from "../wire/ipv4-address.ts";
import { type ClusterLayout, memberNodeAddress } from "./layout.ts";
import { type Cni, memberCount } from "./model.ts";
import { isSwitch } from "./underlay.ts";

/** CNI plugins that tell every node about the pods of every other. */
export const meshedCnis: ReadonlySet<Cni> = new Set<Cni>(["host-gw", "routed"]);

/** Each of these nodes has a route to every other: twice as many have four times the routes. */
export const mostMeshedNodes = 500;

interface MeshedNode {
  readonly netns: string;
  readonly cidr: Ipv4Prefix;
  readonly address: Ipv4Prefix;
  readonly source: SourceRange;
}

/** How each node reaches the pods of the others, when all nodes are plugged in. */
export function* nodeRouteCommands(layout: ClusterLayout, membersPerGroup: number): Generator<SetUpCommand> {
  if (!meshedCnis.has(layout.model.cni)) return;
  const nodes = meshedNodes(layout, membersPerGroup);
  if (nodes.length > mostMeshedNodes) return;
  for (const node of nodes) {
    const { netns, source } = node;
    if (layout.model.cni === "routed") {
      // BIRD's route for the node's own block: what belongs to no pod goes nowhere, rather than out by the default route.
      yield { do: "route add", netns, type: "blackhole", destination: node.cidr, source };
    }
    for (const other of nodes) {
      if (other === node) continue;
      const [destination, via] = [other.cidr, other.address.address];
      yield { do: "route add", netns, type: "unicast", destination, via, dev: "eth0", source };
    }
  }
}

/** The nodes that have all it takes; what another lacks is an error of its own. */
function meshedNodes(layout: ClusterLayout, membersPerGroup: number): MeshedNode[] {
  const nodes: MeshedNode[] = [];
  for (const group of layout.model.nodes) {
    for (let member = 0; member < Math.min(memberCount(group.name), membersPerGroup); member++) {
      if (!isSwitch(layout.model, group.on)) continue;
      const [cidr, address] = [layout.cidrs.of(group, member), memberNodeAddress(group, member)];
      if (cidr === undefined || address === undefined || nodes.length > mostMeshedNodes) continue;
      nodes.push({
        netns: layout.names.nodeName(group, member),
        cidr,
        address,
        source: group.address?.source ?? group.source,
      });
    }
  }
  return nodes;
}
