import type { ClusterModel, NodeGroup } from "./model.ts";

/** The MTU of the cable between a node and its switch, where the file states one. */
export function uplinkMtu(
  model: Pick<ClusterModel, "namespaces">,
  uplink: Pick<NodeGroup, "mtu" | "on">,
): number | undefined {
  if (uplink.mtu !== undefined || uplink.on === undefined) return uplink.mtu;
  const name = uplink.on.value;
  return model.namespaces.find(({ machine, name: { base } }) => machine?.role === "switch" && base === name)?.machine
    ?.mtu;
}

/** Of an Ethernet cable. */
const ethernetMtu = 1500;

/** What VXLAN puts before an IPv4 packet: Ethernet, VXLAN, UDP and IPv4 headers. */
export const vxlanHeadroom = 50;

/** What flannel and Calico give to pods: what the node's own link can carry. Undefined: 1500, as the kernel makes it. */
export function podMtu(model: ClusterModel, group: NodeGroup): number | undefined {
  if (model.cni === "bridge" || model.cni === "none") return undefined;
  const mtu = uplinkMtu(model, group);
  return model.cni === "vxlan" ? (mtu ?? ethernetMtu) - vxlanHeadroom : mtu;
}
