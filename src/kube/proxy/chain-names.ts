import { sha256 } from "@noble/hashes/sha2.js";
import type { ServiceProtocol } from "../service-model.ts";

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
/** RFC 4648, section 6. */
const base32Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The first 16 digits of SHA-256 in base 32: its first 80 bits. */
function shortHash(text: string): string {
  const bytes = sha256(encoder.encode(text)).subarray(0, 10);
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  let digits = "";
  for (let shift = 75n; shift >= 0n; shift -= 5n) digits += base32Digits[Number((bits >> shift) & 31n)];
  return digits;
}
