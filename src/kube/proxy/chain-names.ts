import { sha256 } from "@noble/hashes/sha2.js";
import type { ServiceProtocol } from "../service-model.ts";
import { base32 } from "./base32.ts";

/** The chains that belong to one port of one Service. */
export interface ServiceChainNames {
  /** Endpoints for traffic policy Cluster. */
  readonly cluster: string;
  /** Endpoints for traffic policy Local. */
  readonly local: string;
  /** Where everything from outside arrives: node ports, external IPs, load balancers. */
  readonly external: string;
  /** `loadBalancerSourceRanges`. */
  readonly firewall: string;
}

/**
 * The names that kube-proxy gives (pkg/proxy/iptables/proxier.go): a chain's name has at most 28 characters, so what
 * it is for is hashed. `portName` is `NAMESPACE/NAME:PORT`.
 */
export function serviceChainNames(portName: string, protocol: ServiceProtocol): ServiceChainNames {
  const hash = shortHash(portName + protocol.toLowerCase());
  return {
    cluster: `KUBE-SVC-${hash}`,
    local: `KUBE-SVL-${hash}`,
    external: `KUBE-EXT-${hash}`,
    firewall: `KUBE-FW-${hash}`,
  };
}

/** The chain of one endpoint, `IP:PORT`. */
export function endpointChainName(portName: string, protocol: ServiceProtocol, endpoint: string): string {
  return `KUBE-SEP-${shortHash(portName + protocol.toLowerCase() + endpoint)}`;
}

const encoder = new TextEncoder();

/** The first 16 digits of SHA-256 in base 32: its first 80 bits. */
function shortHash(text: string): string {
  return base32(sha256(encoder.encode(text)), 16);
}
