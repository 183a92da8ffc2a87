import { type ClusterLayout, memberNodeAddress } from "./layout.ts";
import type { NodeGroup } from "./model.ts";
import type { ProxyMode } from "./service-declaration.ts";
import type { ProxyConfig } from "./service-model.ts";

/** kube-proxy takes it when it cannot tell the node's IP (cmd/kube-proxy/app/server.go). */
const loopback = 0x7f00_0001;

/** How kube-proxy writes rules on the nodes: as it is asked to, or with iptables where there are Services and nobody says no. */
export function proxyModeOf({ model }: ClusterLayout): ProxyMode {
  return model.proxy.mode ?? (model.services.length > 0 ? "iptables" : "none");
}

/** What kube-proxy is told on one member of a node group. */
export function proxyConfigOf(layout: ClusterLayout, group: NodeGroup, member: number): ProxyConfig {
  const { mode: _mode, localDetector, ...settings } = layout.model.proxy;
  const nodeName = layout.names.nodeName(group, member);
  const role = { role: "node", netns: nodeName, node: nodeName, source: group.source, group, member } as const;
  return {
    ...settings,
    serviceCIDRs: [layout.model.serviceCidr.value],
    nodeName,
    nodeIP: memberNodeAddress(group, member)?.address ?? loopback,
    nodeAddresses: [{ address: loopback, length: 8 }, ...layout.addressesOf(role).map(({ prefix }) => prefix)],
    localDetector: detectorOf(layout, group, member, localDetector),
  };
}

/** Only now it is known which block a node has. */
function detectorOf(
  layout: ClusterLayout,
  group: NodeGroup,
  member: number,
  stated: ClusterLayout["model"]["proxy"]["localDetector"],
): ProxyConfig["localDetector"] {
  if (stated === undefined) return { mode: "ClusterCIDR", cidr: layout.model.podCidr.value };
  if (stated.mode !== "NodeCIDR") return stated;
  const cidr = "cidr" in stated ? stated.cidr : layout.cidrs.of(group, member);
  return cidr ? { mode: "NodeCIDR", cidr } : { mode: "none" };
}
