import { formatPrefix } from "../../wire/ipv4-address.ts";
import type { ProxyConfig } from "../service-model.ts";

/** What a packet that a pod of this node sent looks like; undefined where kube-proxy cannot tell (`detectLocalMode`). */
export function fromLocalPod(detector: ProxyConfig["localDetector"]): string | undefined {
  switch (detector.mode) {
    case "ClusterCIDR":
    case "NodeCIDR":
      return `-s ${formatPrefix(detector.cidr)}`;
    case "BridgeInterface":
      return `-i ${detector.interface}`;
    case "InterfaceNamePrefix":
      return `-i ${detector.prefix}+`;
    case "none":
      return undefined;
  }
}
