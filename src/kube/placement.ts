import { networkAddress, prefixContains } from "../wire/ipv4-address.ts";
import {
  type BridgeModel,
  type ClusterModel,
  type DeploymentModel,
  memberCount,
  memberName,
  type NodeGroup,
  type PodGroup,
  type Sourced,
} from "./model.ts";

/**
 * Puts the pods of deployments on nodes: NAME-1 on the first node of the file, NAME-2 on the second, in turn; each
 * deployment begins where the one before it stopped. A scheduler would look at load, which there is none of here.
 */
export function placeDeployments<Model extends Pick<ClusterModel, "nodes" | "deployments">>(model: Model): Model {
  if (model.deployments.length === 0 || model.nodes.length === 0) return model;
  const nodes = model.nodes.flatMap(expand);
  const placed = nodes.map((): PodGroup[] => []);
  let next = 0;
  for (const deployment of model.deployments) {
    for (const pod of replicas(deployment)) placed[next++ % nodes.length].push(pod);
  }
  return { ...model, nodes: nodes.map((node, i) => ({ ...node, pods: [...node.pods, ...placed[i]] })) };
}

function replicas({ replicas: count, template }: DeploymentModel): PodGroup[] {
  const { base, source } = template.name;
  return Array.from({ length: count }, (_, i) => ({ ...template, name: { base: `${base}-${i + 1}`, source } }));
}

/** The members of a range as nodes of their own: from now on they have different pods. */
function expand(group: NodeGroup): NodeGroup[] {
  if (group.name.range === undefined) return [group];
  const { podCidr, address, mac } = group;
  return Array.from({ length: memberCount(group.name) }, (_, member): NodeGroup => {
    const blocks = podCidr ? member * 2 ** (32 - podCidr.value.length) : 0;
    return {
      ...group,
      name: { base: memberName(group.name, member), source: group.name.source },
      podCidr: podCidr && shifted(podCidr, blocks),
      address: address && shifted(address, member),
      mac: mac && { ...mac, value: mac.value + member },
      contents: {
        ...group.contents,
        bridges: group.contents.bridges.map((bridge) => shiftedBridge(bridge, group, blocks)),
      },
    };
  });
}

function shifted<Value extends { readonly address: number }>({ value, source }: Sourced<Value>, by: number) {
  return { value: { ...value, address: value.address + by }, source };
}

/** A bridge's addresses inside the first member's block follow the block. */
function shiftedBridge(bridge: BridgeModel, { podCidr }: NodeGroup, by: number): BridgeModel {
  const inBlock = (address: number) =>
    podCidr !== undefined &&
    prefixContains({ address: networkAddress(podCidr.value), length: podCidr.value.length }, address);
  const addresses = bridge.addresses.map((one) => (inBlock(one.value.address) ? shifted(one, by) : one));
  return { ...bridge, addresses };
}
