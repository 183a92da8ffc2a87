import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import type { ProxyConfig } from "../service-model.ts";
import { localhostNodePortCounter } from "./base-rules.ts";
import { localhostNodePorts } from "./node-ports.ts";
import type { Routing, Way } from "./routing.ts";
import { comment, type ProxyTables } from "./rule-lists.ts";
import type { ProxiedPort } from "./service-ports.ts";

/** The rules that catch packets to one port of a Service: by its addresses and its node port. */
export function serviceEntryRules(config: ProxyConfig, port: ProxiedPort, routing: Routing, tables: ProxyTables): void {
  clusterIPRules(port, routing, tables);
  externalIPRules(port, routing, tables);
  loadBalancerRules(port, routing, tables);
  if (port.port.nodePort !== 0) nodePortRules(config, port, routing, tables);
  if (port.healthCheckNodePort !== 0) {
    const note = comment(`${port.name} health check node port`);
    tables.filter.append("KUBE-NODEPORTS", note, `-m tcp -p tcp --dport ${port.healthCheckNodePort} -j ACCEPT`);
  }
}

/** Matches packets to the port at one address of its Service. */
export function toAddress(port: ProxiedPort, address: Ipv4Address): string {
  return `${ofProtocol(port)} -d ${formatIpv4(address)} --dport ${port.port.port}`;
}

export function ofProtocol(port: ProxiedPort): string {
  const protocol = port.port.protocol.toLowerCase();
  return `-m ${protocol} -p ${protocol}`;
}

function clusterIPRules(port: ProxiedPort, { internal }: Routing, { nat, filter }: ProxyTables): void {
  const match = toAddress(port, port.clusterIP);
  if (internal.chain === undefined) refuse(filter, "KUBE-SERVICES", internal, match);
  else nat.append("KUBE-SERVICES", comment(`${port.name} cluster IP`), match, `-j ${internal.chain}`);
}

function externalIPRules(port: ProxiedPort, routing: Routing, { nat, filter }: ProxyTables): void {
  for (const address of port.service.externalIPs) {
    const match = toAddress(port, address);
    if (routing.endpoints.somewhere) {
      nat.append("KUBE-SERVICES", comment(`${port.name} external IP`), match, `-j ${port.chains.external}`);
    }
    refuse(filter, "KUBE-EXTERNAL-SERVICES", routing.external, match);
  }
}

function loadBalancerRules(port: ProxiedPort, routing: Routing, { nat, filter }: ProxyTables): void {
  const { external, firewall } = port.chains;
  for (const address of port.loadBalancerIPs) {
    const match = toAddress(port, address);
    if (routing.endpoints.somewhere) {
      const chain = routing.usesFirewall ? firewall : external;
      nat.append("KUBE-SERVICES", comment(`${port.name} loadbalancer IP`), match, `-j ${chain}`);
    }
    if (routing.usesFirewall) {
      const note = comment(`${port.name} traffic not accepted by ${firewall}`);
      filter.append("KUBE-PROXY-FIREWALL", note, match, "-j DROP");
    }
    refuse(filter, "KUBE-EXTERNAL-SERVICES", routing.external, match);
  }
}

/** Source ranges do not hold for node ports: who may reach the node is another firewall's business. */
function nodePortRules(config: ProxyConfig, port: ProxiedPort, routing: Routing, { nat, filter }: ProxyTables): void {
  const toPort = `--dport ${port.port.nodePort}`;
  if (routing.endpoints.somewhere) {
    const note = comment(port.name);
    const jump = `-j ${port.chains.external}`;
    if (localhostNodePorts(config) && config.nfacctCounters.includes(localhostNodePortCounter)) {
      const counter = `-m nfacct --nfacct-name ${localhostNodePortCounter}`;
      nat.append("KUBE-NODEPORTS", note, ofProtocol(port), "-d 127.0.0.0/8", toPort, counter, jump);
    }
    nat.append("KUBE-NODEPORTS", note, ofProtocol(port), toPort, jump);
  }
  const match = `-m addrtype --dst-type LOCAL ${ofProtocol(port)} ${toPort}`;
  refuse(filter, "KUBE-EXTERNAL-SERVICES", routing.external, match);
}

/** Packets that no endpoint is there for were not translated, and arrive in table filter as they came. */
function refuse(filter: ProxyTables["filter"], chain: string, way: Way, match: string): void {
  if (way.chain === undefined) filter.append(chain, comment(way.reason), match, `-j ${way.refusal}`);
}
