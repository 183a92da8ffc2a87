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
  const { namespaces } = world;
  const found: Endpoint[] = [];
  for (const netns of namespaces.table.rows()) {
    const role = namespaces.role.get(netns);
    if (role === "pod" || role === "node") found.push(endpointOf(world, netns, role));
  }
  return found;
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
