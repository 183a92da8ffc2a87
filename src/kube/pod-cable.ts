import type { SourceRange } from "../base/source-range.ts";
import type { SetUpCommand } from "../plan/commands.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import type { MacAddress } from "../wire/mac-address.ts";
import { caliMac } from "./calico.ts";
import { type PodSlot, slotAddress } from "./ipam.ts";
import type { ClusterLayout } from "./layout.ts";
import { hostEndMac, macFromNames, podMac } from "./mac-derivation.ts";
import type { NodeGroup } from "./model.ts";
import { podMtu } from "./pod-mtu.ts";

/** The veth pair between a pod's eth0 and its node. */
export interface PodCable {
  readonly netns: string;
  readonly mac: MacAddress;
  readonly node: string;
  readonly hostDev: string;
  readonly hostMac: MacAddress;
  /** Undefined where the file has an error. */
  readonly address?: Ipv4Address;
  /** Undefined: 1500, as the kernel makes it. */
  readonly mtu?: number;
  readonly source: SourceRange;
  readonly places: { readonly address: SourceRange; readonly hostEnd: SourceRange };
}

export function podCable(layout: ClusterLayout, group: NodeGroup, member: number, slot: PodSlot): PodCable {
  const { pod, hostDev } = slot;
  const { source, hostEnd } = pod;
  const node = layout.names.nodeName(group, member);
  const netns = layout.names.podName(group, member, pod, slot.member);
  const address = slotAddress(slot, layout.cidrs.of(group, member));
  return {
    netns,
    mac: pod.mac ? pod.mac.value + slot.member : address === undefined ? macFromNames(netns, "eth0") : podMac(address),
    node,
    hostDev,
    hostMac: hostEnd?.mac ? hostEnd.mac.value + slot.member : hostMacOf(layout, node, hostDev, address),
    address,
    mtu: podMtu(layout.model, group),
    source,
    places: { address: pod.address?.source ?? source, hostEnd: hostEnd?.source ?? source },
  };
}

function hostMacOf(
  { model }: ClusterLayout,
  node: string,
  hostDev: string,
  address: Ipv4Address | undefined,
): MacAddress {
  if (model.cni === "routed") return caliMac;
  return address === undefined ? macFromNames(node, hostDev) : hostEndMac(address);
}

export function vethCommand(cable: PodCable, peerSource: SourceRange | undefined): SetUpCommand {
  const { netns, mac, node: peerNetns, hostDev: peerDev, hostMac: peerMac, source } = cable;
  return { do: "veth add", netns, dev: "eth0", mac, peerNetns, peerDev, peerMac, source, peerSource };
}
