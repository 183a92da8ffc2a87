import { type NodeGroup, noContents, type Sourced } from "../../kube/model.ts";
import type { Ipv4Prefix } from "../../wire/ipv4-address.ts";
import { readAddressValue, readBlockValue } from "./addresses.ts";
import type { Fields } from "./fields.ts";
import { type ObjectName, rootFields } from "./object.ts";

/** A Node says no prefix length with its address; LANs of nodes have this one unless the program states another. */
const nodeNetworkLength = 24;

/** Reads a Node (v1): its name, `spec.podCIDR`, and `status.addresses` of type InternalIP. */
export function readNodeObject(object: Fields, { name, source }: ObjectName): NodeGroup {
  object.warnUnknown([...rootFields, "spec", "status"]);
  return {
    name: { base: name, source },
    address: internalAddress(object),
    podCidr: podCidr(object),
    contents: noContents,
    pods: [],
    source,
  };
}

function podCidr(object: Fields): Sourced<Ipv4Prefix> | undefined {
  const value = object.fields("spec")?.get("podCIDR");
  const block = value && readBlockValue(value);
  return block && { value: block, source: value.range };
}

function internalAddress(object: Fields): Sourced<Ipv4Prefix> | undefined {
  for (const entry of object.fields("status")?.list("addresses") ?? []) {
    const fields = entry.fields();
    const value = fields?.text("type") === "InternalIP" ? fields.get("address") : undefined;
    const address = value && readAddressValue(value);
    if (address !== undefined) return { value: { address, length: nodeNetworkLength }, source: value!.range };
  }
  return undefined;
}
