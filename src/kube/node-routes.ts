import type { SetUpCommand } from "../plan/commands.ts";
import { type MeshedNode, remoteVtepCommands, vtepCommands } from "./flannel.ts";
import { type ClusterLayout, memberNodeAddress } from "./layout.ts";
import type { MemberChoice } from "./member-choice.ts";
import type { Cni } from "./model.ts";
import { podMtu } from "./pod-mtu.ts";
import { isSwitch } from "./underlay.ts";

/** CNI plugins that tell every node about the pods of every other. */
export const meshedCnis: ReadonlySet<Cni> = new Set<Cni>(["host-gw", "vxlan", "routed"]);

/** Each of these nodes has a route to every other: twice as many have four times the routes. */
export const mostMeshedNodes = 500;

/** How each node reaches the pods of the others, when all nodes are plugged in. */
export function* nodeRouteCommands(layout: ClusterLayout, members: MemberChoice): Generator<SetUpCommand> {
  const { cni } = layout.model;
  if (!meshedCnis.has(cni)) return;
  const nodes = meshedNodes(layout, members);
  if (nodes.length > mostMeshedNodes) return;
  for (const node of nodes) {
    if (cni === "vxlan") yield* vtepCommands(node);
    if (cni === "routed") yield ownBlock(node);
    for (const other of nodes) {
      if (other === node) continue;
      if (cni === "vxlan") yield* remoteVtepCommands(node, other);
      else yield routeTo(other, node);
    }
  }
}

/** BIRD's route for the node's own block: what belongs to no pod goes nowhere, rather than out by the default route. */
function ownBlock({ netns, cidr: destination, source }: MeshedNode): SetUpCommand {
  return { do: "route add", netns, type: "blackhole", destination, source };
}

function routeTo({ cidr: destination, address }: MeshedNode, { netns, source }: MeshedNode): SetUpCommand {
  return { do: "route add", netns, type: "unicast", destination, via: address.address, dev: "eth0", source };
}

/** The nodes that have all it takes; what another lacks is an error of its own. */
function meshedNodes(layout: ClusterLayout, members: MemberChoice): MeshedNode[] {
  const nodes: MeshedNode[] = [];
  for (const group of layout.model.nodes) {
    const [source, mtu] = [group.address?.source ?? group.source, podMtu(layout.model, group)];
    if (!isSwitch(layout.model, group.on)) continue;
    for (const member of members(group)) {
      const [cidr, address] = [layout.cidrs.of(group, member), memberNodeAddress(group, member)];
      if (cidr === undefined || address === undefined || nodes.length > mostMeshedNodes) continue;
      nodes.push({ netns: layout.names.nodeName(group, member), cidr, address, mtu, source });
    }
  }
  return nodes;
}
