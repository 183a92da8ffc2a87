import type { World } from "../../linux/world.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";

/** A pod or a node: one of those that the networking model of Kubernetes is about. */
export interface Endpoint {
  readonly netns: number;
  /** As the plan names it. */
  readonly name: string;
  readonly role: "pod" | "node";
  /** The kernel that it runs on. */
  readonly node: number;
  /** The device with its address; 0 where it has none. */
  readonly device: number;
  /** The row of the address that others know it by; 0 where it has none. */
  readonly addressRow: number;
  readonly address: Ipv4Address;
}

/** All pods that have a network namespace of their own, and all nodes, in the order of the set-up. */
export function listEndpoints(world: World): readonly Endpoint[] {
  const found: Endpoint[] = [];
  for (const netns of world.namespaces.table.rows()) {
    const role = roleOf(world, netns);
    if (role !== undefined) found.push(endpointOf(world, netns, role));
  }
  return found;
}

/**
 * A namespace made by hand is a pod if it is what a CNI plugin leaves: on a node, with a cable to the node's own namespace, and no
 * router.
 */
function roleOf(world: World, netns: number): Endpoint["role"] | undefined {
  const { namespaces } = world;
  const role = namespaces.role.get(netns);
  if (role === "pod" || role === "node") return role;
  const isPlain = role === "netns" && namespaces.forwarding.get(netns) === 0;
  return isPlain && hasCableToNode(world, netns) ? "pod" : undefined;
}

function hasCableToNode({ namespaces, devices }: World, netns: number): boolean {
  const node = namespaces.node.get(netns);
  for (let one = namespaces.firstDevice.get(netns); node !== 0 && one !== 0; one = devices.nextInNetns.get(one)) {
    const peer = devices.peer.get(one);
    const owner = peer === 0 ? 0 : devices.netns.get(peer);
    if (owner !== 0 && namespaces.role.get(owner) === "node" && namespaces.node.get(owner) === node) return true;
  }
  return false;
}

function endpointOf(world: World, netns: number, role: Endpoint["role"]): Endpoint {
  const { namespaces, devices, addresses } = world;
  const device = addressedDevice(world, netns);
  const addressRow = device === 0 ? 0 : addresses.ofDevice(device)[0];
  return {
    netns,
    name: namespaces.name.get(netns),
    role,
    node: namespaces.node.get(netns),
    device,
    addressRow,
    address: addressRow === 0 ? 0 : addresses.address.get(addressRow),
  };

  function addressedDevice({ namespaces: { firstDevice, loopback } }: World, owner: number): number {
    let first = 0;
    for (let one = firstDevice.get(owner); one !== 0; one = devices.nextInNetns.get(one)) {
      if (one === loopback.get(owner) || addresses.ofDevice(one).length === 0) continue;
      if (devices.name.get(one) === "eth0") return one;
      first ||= one;
    }
    return first;
  }
}
