import { sha256 } from "@noble/hashes/sha2.js";
import type { ServiceModel, ServicePortModel } from "../../service-model.ts";
import { base32 } from "../base32.ts";

/** What nftables mode calls what belongs to one port of one Service (pkg/proxy/nftables/proxier.go). */
export interface NftPortNames {
  /** Endpoints for traffic policy Cluster. */
  readonly cluster: string;
  /** Endpoints for traffic policy Local. */
  readonly local: string;
  /** Where everything from outside arrives: node ports, external IPs, load balancers. */
  readonly external: string;
  /** `loadBalancerSourceRanges`. */
  readonly firewall: string;
}

export function nftPortNames(service: ServiceModel, port: ServicePortModel): NftPortNames {
  const name = withHash(portPath(service, port));
  return {
    cluster: `service-${name}`,
    local: `local-${name}`,
    external: `external-${name}`,
    firewall: `firewall-${name}`,
  };
}

/** The chain of one endpoint, `IP:PORT`, and the set of clients that were sent there before. */
export function nftEndpointNames(
  service: ServiceModel,
  port: ServicePortModel,
  endpoint: string,
): { readonly chain: string; readonly affinity: string } {
  const name = withHash(`${portPath(service, port)}__${endpoint.replace(":", "/")}`);
  return { chain: `endpoint-${name}`, affinity: `affinity-${name}` };
}

function portPath({ namespace, name }: ServiceModel, port: ServicePortModel): string {
  return `${namespace}/${name}/${port.protocol.toLowerCase()}/${port.name}`;
}

const encoder = new TextEncoder();
/** A name of nftables has 256 characters at most, of which 16 are for what stands before. */
const longest = 240;

/** The first 8 digits of SHA-256 in base 32, before the name that was hashed. */
function withHash(name: string): string {
  const hashed = `${base32(sha256(encoder.encode(name)), 8)}-${name}`;
  return hashed.length > longest ? `${hashed.slice(0, longest - 3)}...` : hashed;
}
