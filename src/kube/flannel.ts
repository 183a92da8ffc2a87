import type { SourceRange } from "../base/source-range.ts";
import type { SetUpCommand } from "../plan/commands.ts";
import { type Ipv4Address, type Ipv4Prefix, networkAddress } from "../wire/ipv4-address.ts";
import { vtepMac } from "./mac-derivation.ts";

/** flannel's VXLAN backend: `flannel.` and the VNI, which is 1 (flannel-io/flannel, pkg/backend/vxlan). */
const vni = 1;
const dev = `flannel.${vni}`;

/** Linux's port rather than the 4789 of RFC 7348. */
const port = 8472;

/** A node that knows all others. */
export interface MeshedNode {
  readonly netns: string;
  readonly cidr: Ipv4Prefix;
  readonly address: Ipv4Prefix;
  /** Its pods'. */
  readonly mtu?: number;
  readonly source: SourceRange;
}

/** The node's VTEP: its address is the first of the node's pod CIDR, which no pod has. */
export function* vtepCommands({
  netns,
  cidr,
  address: { address: local },
  mtu,
  source,
}: MeshedNode): Generator<SetUpCommand> {
  const tunnel = { vni, local, underlying: "eth0", port, learning: false };
  yield { do: "vxlan add", netns, dev, mac: vtepMac(cidr), ...tunnel, source };
  yield { do: "addr add", netns, dev, prefix: { address: networkAddress(cidr), length: 32 }, source };
  yield { do: "link set", netns, dev, mtu, up: true, source };
}

/** What flanneld does about another node: nothing is asked on the wire, neither which VTEP an address has nor where that is. */
export function* remoteVtepCommands({ netns, source }: MeshedNode, other: MeshedNode): Generator<SetUpCommand> {
  const via: Ipv4Address = networkAddress(other.cidr);
  const mac = vtepMac(other.cidr);
  yield { do: "neigh add", netns, dev, address: via, mac, source };
  yield { do: "fdb add", netns, dev, mac, self: true, remote: other.address.address, source };
  yield { do: "route add", netns, type: "unicast", destination: other.cidr, via, dev, onlink: true, source };
}
