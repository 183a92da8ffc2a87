import { formatIpv4, formatPrefix, type Ipv4Prefix, prefixContains } from "../../../wire/ipv4-address.ts";
import type { ProxyConfig } from "../../service-model.ts";
import type { NftScript } from "./script.ts";

/** kube-proxy's own table: everything that it writes is in there. */
export const kubeProxyTable = "ip kube-proxy";
export const markChain = "mark-for-masquerade";
export const rejectChain = "reject-chain";

/** A destination, its protocol and its port, as keys of the maps of Services. */
const toService = "ip daddr . meta l4proto . th dport";
const toPort = "meta l4proto . th dport";
const serviceKey = "ipv4_addr . inet_proto . inet_service : verdict";
const portKey = "inet_proto . inet_service : verdict";

/** The chains, sets and maps that do not depend on Services, and their rules (pkg/proxy/nftables/proxier.go, `setupNFTables`). */
export function nftBase(config: ProxyConfig, script: NftScript): void {
  declareSets(script);
  baseChains(script);
  masquerading(config, script);
  clusterIPs(config, script);
  nodePorts(config, script);
  script.addChain(rejectChain, 'comment "helper for @no-endpoint-services / @no-endpoint-nodeports" ;');
  script.addRule(rejectChain, "reject");
  script.addRule("service-endpoints-check", toService, "vmap @no-endpoint-services");
  script.addRule("firewall-check", toService, "vmap @firewall-ips");
}

function declareSets(script: NftScript): void {
  script.addSet("set", "cluster-ips", 'type ipv4_addr ; comment "Active ClusterIPs" ;');
  const maps = [
    ["firewall-ips", serviceKey, "destinations that are subject to LoadBalancerSourceRanges"],
    ["no-endpoint-nodeports", portKey, "vmap to drop or reject packets to service nodeports with no endpoints"],
    ["no-endpoint-services", serviceKey, "vmap to drop or reject packets to services with no endpoints"],
    ["service-ips", serviceKey, "ClusterIP, ExternalIP and LoadBalancer IP traffic"],
    ["service-nodeports", portKey, "NodePort traffic"],
  ] as const;
  for (const [name, type, comment] of maps) script.addSet("map", name, `type ${type} ; comment "${comment}" ;`);
}

/** Source ranges are looked at before the destination is translated; what has no endpoints, and is not translated, after. */
function baseChains(script: NftScript): void {
  const chains = [
    ["filter-prerouting-pre-dnat", "filter hook prerouting priority -110"],
    ["filter-output-pre-dnat", "filter hook output priority -110"],
    ["filter-input", "filter hook input priority 0"],
    ["filter-forward", "filter hook forward priority 0"],
    ["filter-output", "filter hook output priority 0"],
    ["nat-prerouting", "nat hook prerouting priority -100"],
    ["nat-output", "nat hook output priority -100"],
    ["nat-postrouting", "nat hook postrouting priority 100"],
  ] as const;
  for (const [name, type] of chains) script.addChain(name, `type ${type} ;`);
  const jumps = [
    ["filter-prerouting-pre-dnat", "ct state new", "firewall-check"],
    ["filter-output-pre-dnat", "ct state new", "firewall-check"],
    ["filter-input", "ct state new", "nodeport-endpoints-check"],
    ["filter-input", "ct state new", "service-endpoints-check"],
    ["filter-forward", "ct state new", "service-endpoints-check"],
    ["filter-forward", "ct state new", "cluster-ips-check"],
    ["filter-output", "ct state new", "service-endpoints-check"],
    ["filter-output", "ct state new", "cluster-ips-check"],
    ["nat-output", "", "services"],
    ["nat-prerouting", "", "services"],
    ["nat-postrouting", "", "masquerading"],
  ] as const;
  for (const [from, match, to] of jumps) {
    script.addChain(to);
    script.addRule(from, match, `jump ${to}`);
  }
}

function masquerading({ masqueradeMark }: ProxyConfig, script: NftScript): void {
  const mark = `0x${masqueradeMark.toString(16)}`;
  script.addRule(markChain, `mark set mark or ${mark}`);
  script.addRule("masquerading", `mark and ${mark} == 0 return`);
  // Taken off again, so that a packet that passes once more (out of a tunnel, say) is not masqueraded twice.
  script.addRule("masquerading", `mark set mark xor ${mark}`);
  script.addRule("masquerading", "masquerade fully-random");
}

function clusterIPs({ serviceCIDRs = [] }: ProxyConfig, script: NftScript): void {
  const comment = (text: string) => `comment "${text}"`;
  const chain = "cluster-ips-check";
  script.addRule(chain, "ip daddr @cluster-ips reject", comment("Reject traffic to invalid ports of ClusterIPs"));
  if (serviceCIDRs.length === 0) return;
  const blocks = serviceCIDRs.map(formatPrefix).join(",");
  script.addRule(chain, `ip daddr { ${blocks} } drop`, comment("Drop traffic to unallocated ClusterIPs"));
}

/** Node ports do not answer on 127.0.0.1 in this mode, whatever the options say. */
function nodePorts(config: ProxyConfig, script: NftScript): void {
  const addresses = nodePortAddresses(config);
  const everywhere = "fib daddr type local ip daddr != 127.0.0.0/8";
  if (addresses !== "all") {
    script.addSet("set", "nodeport-ips", 'type ipv4_addr ; comment "IPs that accept NodePort traffic" ;');
    for (const address of addresses) script.addElement("nodeport-ips", formatIpv4(address));
  }
  const match = addresses === "all" ? everywhere : "ip daddr @nodeport-ips";
  // What arrives at input is for this machine anyway.
  const atInput = addresses === "all" ? "ip daddr != 127.0.0.0/8" : match;
  script.addRule("nodeport-endpoints-check", atInput, toPort, "vmap @no-endpoint-nodeports");
  script.addRule("services", toService, "vmap @service-ips");
  script.addRule("services", match, toPort, "vmap @service-nodeports");
}

const loopback: Ipv4Prefix = { address: 0x7f00_0000, length: 8 };

/** This mode's default is the node's primary address, unlike that of iptables mode. */
function nodePortAddresses({
  nodePortAddresses: blocks,
  nodeAddresses,
  nodeIP,
}: ProxyConfig): readonly number[] | "all" {
  if (blocks === "primary" || blocks.length === 0) return prefixContains(loopback, nodeIP) ? [] : [nodeIP];
  if (blocks.some(({ length }) => length === 0)) return "all";
  const found = blocks.flatMap((block) =>
    nodeAddresses.map(({ address }) => address).filter((address) => prefixContains(block, address)),
  );
  return [...new Set(found)].filter((address) => !prefixContains(loopback, address));
}
