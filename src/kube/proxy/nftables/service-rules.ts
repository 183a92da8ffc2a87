import {
  formatIpv4,
  formatPrefix,
  type Ipv4Address,
  networkAddress,
  prefixContains,
} from "../../../wire/ipv4-address.ts";
import type { ProxyConfig } from "../../service-model.ts";
import type { ProxyEndpoint } from "../endpoints.ts";
import type { ProxiedPort } from "../service-ports.ts";
import type { UsableEndpoints } from "../traffic-policy.ts";
import { markChain, rejectChain } from "./base.ts";
import { type NftPortNames, nftEndpointNames, nftPortNames } from "./names.ts";
import type { NftScript } from "./script.ts";

interface Writing {
  readonly config: ProxyConfig;
  readonly port: ProxiedPort;
  readonly endpoints: UsableEndpoints;
  readonly names: NftPortNames;
  readonly script: NftScript;
}

/** The chains and elements of one port of a Service. */
export function nftServiceRules(
  config: ProxyConfig,
  port: ProxiedPort,
  endpoints: UsableEndpoints,
  script: NftScript,
): void {
  const writing = { config, port, endpoints, names: nftPortNames(port.service, port.port), script };
  const internal = way(writing, port.internalLocal);
  const external = way(writing, port.externalLocal);
  const usesExternal = endpoints.somewhere && port.external;
  clusterIP(writing, internal);
  externalAddresses(writing, external);
  if (internal.chain !== undefined) internalMasquerade(writing, internal.chain);
  if (usesExternal) externalChain(writing, external);
  chooseEndpoint(writing, writing.names.cluster, endpoints.cluster);
  chooseEndpoint(writing, writing.names.local, endpoints.local);
  for (const endpoint of endpoints.reachable) endpointChain(writing, endpoint);
}

/** A chain with endpoints, or the verdict on packets that no endpoint is there for. */
type Way = { readonly chain: string } | { readonly chain: undefined; readonly refusal: string };

function way({ endpoints, names }: Writing, local: boolean): Way {
  if (!endpoints.somewhere) return { chain: undefined, refusal: `goto ${rejectChain}` };
  if (!local) return { chain: names.cluster };
  return endpoints.local.length > 0 ? { chain: names.local } : { chain: undefined, refusal: "drop" };
}

function protocolOf({ port }: ProxiedPort): string {
  return port.protocol.toLowerCase();
}

/** `10.96.0.10 . tcp . 80`. */
function keyOf(port: ProxiedPort, address: Ipv4Address): string {
  return `${formatIpv4(address)} . ${protocolOf(port)} . ${port.port.port}`;
}

function clusterIP({ port, script }: Writing, internal: Way): void {
  const key = keyOf(port, port.clusterIP);
  script.addElement("cluster-ips", formatIpv4(port.clusterIP));
  if (internal.chain !== undefined) script.addElement("service-ips", `${key} : goto ${internal.chain}`);
  else refuse(script, "no-endpoint-services", key, port, internal.refusal);
}

function refuse(script: NftScript, map: string, key: string, { name }: ProxiedPort, verdict: string): void {
  script.addElement(map, `${key} comment "${name}" : ${verdict}`);
}

/** External IPs, load balancers and the node port all lead to one chain. */
function externalAddresses(writing: Writing, external: Way): void {
  const { port, endpoints, names, script } = writing;
  const addresses = [...port.service.externalIPs, ...port.loadBalancerIPs];
  for (const address of addresses) {
    if (endpoints.somewhere) script.addElement("service-ips", `${keyOf(port, address)} : goto ${names.external}`);
    if (external.chain === undefined)
      refuse(script, "no-endpoint-services", keyOf(port, address), port, external.refusal);
  }
  if (port.loadBalancerIPs.length > 0 && port.service.loadBalancerSourceRanges.length > 0) firewall(writing);
  if (port.port.nodePort === 0) return;
  const key = `${protocolOf(port)} . ${port.port.nodePort}`;
  if (endpoints.somewhere) script.addElement("service-nodeports", `${key} : goto ${names.external}`);
  if (external.chain === undefined) refuse(script, "no-endpoint-nodeports", key, port, external.refusal);
}

/** Who may use the load balancer; the chain is asked before anything is translated. */
function firewall({ config, port, names, script }: Writing): void {
  const ranges = port.service.loadBalancerSourceRanges;
  const blocks = ranges.map((range) => formatPrefix({ address: networkAddress(range), length: range.length }));
  // The load balancer's address may be the node's own, too: then it is the source of what the node sends there.
  const ofNode = ranges.some((range) => prefixContains(range, config.nodeIP))
    ? port.loadBalancerIPs.map(formatIpv4)
    : [];
  script.addRule(names.firewall, `ip saddr != { ${[...blocks, ...ofNode].join(" , ")} } drop`);
  for (const address of port.loadBalancerIPs)
    script.addElement("firewall-ips", `${keyOf(port, address)} : goto ${names.firewall}`);
}

/** What a packet that a pod of this node sent looks like, or one that none sent; undefined where kube-proxy cannot tell. */
function localPod({ localDetector: detector }: ProxyConfig, isNot: "" | "!= "): string | undefined {
  switch (detector.mode) {
    case "ClusterCIDR":
    case "NodeCIDR":
      return `ip saddr ${isNot}${formatPrefix(detector.cidr)}`;
    case "BridgeInterface":
      return `iifname ${isNot}${detector.interface}`;
    case "InterfaceNamePrefix":
      return `iifname ${isNot}${detector.prefix}*`;
    case "none":
      return undefined;
  }
}

/** A client outside of the cluster may dial a cluster IP by a route to some node: the answer must come back this way. */
function internalMasquerade({ config, port, script }: Writing, chain: string): void {
  const match = config.masqueradeAll ? "" : localPod(config, "!= ");
  if (match !== undefined) script.addRule(chain, `ip daddr ${formatIpv4(port.clusterIP)}`, match, `jump ${markChain}`);
}

function externalChain({ config, port, names, script }: Writing, external: Way): void {
  const chain = names.external;
  script.addChain(chain);
  if (!port.externalLocal) script.addRule(chain, `jump ${markChain}`);
  else {
    const match = localPod(config, "");
    // As if it had gone out to the load balancer and come back: no policy holds for it.
    if (match !== undefined)
      script.addRule(chain, match, `goto ${names.cluster}`, 'comment "short-circuit pod traffic"');
    // The node may have chosen the external address itself as its source, since it is an address of its own.
    const fromNode = "fib saddr type local";
    script.addRule(chain, fromNode, `jump ${markChain}`, 'comment "masquerade local traffic"');
    script.addRule(chain, fromNode, `goto ${names.cluster}`, 'comment "short-circuit local traffic"');
  }
  if (external.chain !== undefined) script.addRule(chain, `goto ${external.chain}`);
}

/** Who came before within the time of the affinity goes where it went; everybody else has the same chance everywhere. */
function chooseEndpoint({ port, script }: Writing, chain: string, endpoints: readonly ProxyEndpoint[]): void {
  if (endpoints.length === 0) return;
  const own = endpoints.map(({ text }) => nftEndpointNames(port.service, port.port, text));
  if (port.service.sessionAffinity === "ClientIP")
    for (const { affinity, chain: into } of own) script.addRule(chain, `ip saddr @${affinity} goto ${into}`);
  const ways = own.map(({ chain: into }, index) => `${index} : goto ${into}`).join(" , ");
  script.addRule(chain, `numgen random mod ${endpoints.length} vmap { ${ways} }`);
}

function endpointChain({ port, script }: Writing, endpoint: ProxyEndpoint): void {
  const { chain, affinity } = nftEndpointNames(port.service, port.port, endpoint.text);
  // An endpoint that dials its own Service would answer itself directly: it must think that the node called.
  script.addRule(chain, `ip saddr ${formatIpv4(endpoint.address)}`, `jump ${markChain}`);
  if (port.service.sessionAffinity === "ClientIP") {
    const seconds = port.service.sessionAffinityTimeoutSeconds;
    script.addSet("set", affinity, `type ipv4_addr ; flags dynamic,timeout ; timeout ${seconds}s ;`);
    script.addRule(chain, `update @${affinity} { ip saddr }`);
  }
  script.addRule(chain, `meta l4proto ${protocolOf(port)}`, `dnat to ${endpoint.text}`);
}
