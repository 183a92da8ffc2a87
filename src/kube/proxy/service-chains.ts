import { formatIpv4, formatPrefix, networkAddress, prefixContains } from "../../wire/ipv4-address.ts";
import type { ProxyConfig } from "../service-model.ts";
import { fromLocalPod } from "./local-traffic.ts";
import type { Routing } from "./routing.ts";
import { comment, type RuleLists } from "./rule-lists.ts";
import { toAddress } from "./service-entry-rules.ts";
import type { ProxiedPort } from "./service-ports.ts";

/**
 * The chains of one port that stand before its endpoints: who is masqueraded on the way to the cluster IP, KUBE-EXT
 * for everything from outside, KUBE-FW for source ranges.
 */
export function serviceChains(config: ProxyConfig, port: ProxiedPort, routing: Routing, nat: RuleLists): void {
  if (routing.internal.chain !== undefined) clusterIPMasquerade(config, port, routing.internal.chain, nat);
  if (routing.usesExternalChain) externalChain(config, port, routing, nat);
  if (routing.usesFirewall) firewallChain(config, port, nat);
}

/** A client outside of the cluster may dial a cluster IP by a route to some node: the answer must come back this way. */
function clusterIPMasquerade(config: ProxyConfig, port: ProxiedPort, chain: string, nat: RuleLists): void {
  const note = comment(`${port.name} cluster IP`);
  const match = toAddress(port, port.clusterIP);
  const localPod = fromLocalPod(config.localDetector);
  if (config.masqueradeAll) nat.append(chain, note, match, "-j KUBE-MARK-MASQ");
  else if (localPod !== undefined) nat.append(chain, note, match, `! ${localPod}`, "-j KUBE-MARK-MASQ");
}

function externalChain(config: ProxyConfig, port: ProxiedPort, { external }: Routing, nat: RuleLists): void {
  const { external: chain, cluster } = port.chains;
  nat.declare(chain);
  if (!port.externalLocal) {
    const note = comment(`masquerade traffic for ${port.name} external destinations`);
    nat.append(chain, note, "-j KUBE-MARK-MASQ");
  } else {
    const localPod = fromLocalPod(config.localDetector);
    if (localPod !== undefined) {
      // As if it had gone out to the load balancer and come back: no policy holds for it.
      nat.append(chain, comment(`pod traffic for ${port.name} external destinations`), localPod, `-j ${cluster}`);
    }
    // The node may have chosen the external address itself as its source, since it is an address of its own.
    const fromNode = "-m addrtype --src-type LOCAL";
    const masquerade = comment(`masquerade LOCAL traffic for ${port.name} external destinations`);
    nat.append(chain, masquerade, fromNode, "-j KUBE-MARK-MASQ");
    nat.append(chain, comment(`route LOCAL traffic for ${port.name} external destinations`), fromNode, `-j ${cluster}`);
  }
  if (external.chain !== undefined) nat.append(chain, `-j ${external.chain}`);
}

/** What comes to its end was not translated, and KUBE-PROXY-FIREWALL drops it. */
function firewallChain(config: ProxyConfig, port: ProxiedPort, nat: RuleLists): void {
  const { firewall, external } = port.chains;
  const note = comment(`${port.name} loadbalancer IP`);
  const ranges = port.service.loadBalancerSourceRanges;
  for (const range of ranges) {
    const block = formatPrefix({ address: networkAddress(range), length: range.length });
    nat.append(firewall, note, `-s ${block}`, `-j ${external}`);
  }
  // The load balancer's address may be the node's own, too: then it is the source of what the node sends there.
  if (ranges.some((range) => prefixContains(range, config.nodeIP))) {
    for (const address of port.loadBalancerIPs)
      nat.append(firewall, note, `-s ${formatIpv4(address)}`, `-j ${external}`);
  }
  nat.append(firewall, comment(`other traffic to ${port.name} will be dropped by KUBE-PROXY-FIREWALL`));
}
