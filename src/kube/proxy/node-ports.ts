import { formatIpv4, type Ipv4Prefix, prefixContains } from "../../wire/ipv4-address.ts";
import type { ProxyConfig } from "../service-model.ts";

/**
 * What packets to node ports are addressed to: one match for each rule at the end of KUBE-SERVICES
 * (pkg/proxy/util/nodeport_addresses.go).
 */
export function nodePortDestinations(config: ProxyConfig): readonly string[] {
  const blocks = selectedBlocks(config);
  const localhost = localhostNodePorts(config);
  if (blocks.some(({ length }) => length === 0)) {
    return [localhost ? "-m addrtype --dst-type LOCAL" : "-m addrtype --dst-type LOCAL ! -d 127.0.0.0/8"];
  }
  const addresses = blocks
    .flatMap((block) => config.nodeAddresses.map(({ address }) => address).filter((it) => prefixContains(block, it)))
    .filter((address) => localhost || !prefixContains(loopback, address));
  return [...new Set(addresses)].map((address) => `-d ${formatIpv4(address)}`);
}

/** Whether node ports answer on 127.0.0.1: the option says so, and `nodePortAddresses` do not leave it out. */
export function localhostNodePorts(config: ProxyConfig): boolean {
  const reachesLoopback = selectedBlocks(config).some(
    (block) => prefixContains(loopback, block.address) || prefixContains(block, loopback.address),
  );
  return config.localhostNodePorts && reachesLoopback;
}

/**
 * The settings that kube-proxy makes when it starts: without `route_localnet`, what came from 127.0.0.1 and got
 * another destination would be dropped as a martian.
 */
export function proxySysctls(config: ProxyConfig): readonly { readonly name: string; readonly value: number }[] {
  return localhostNodePorts(config) ? [{ name: "net.ipv4.conf.all.route_localnet", value: 1 }] : [];
}

const loopback: Ipv4Prefix = { address: 0x7f000000, length: 8 };
const everywhere: Ipv4Prefix = { address: 0, length: 0 };

function selectedBlocks({ nodePortAddresses, nodeIP }: ProxyConfig): readonly Ipv4Prefix[] {
  if (nodePortAddresses === "primary") return [{ address: nodeIP, length: 32 }];
  return nodePortAddresses.length === 0 ? [everywhere] : nodePortAddresses;
}
