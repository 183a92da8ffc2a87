import type { EndpointModel, EndpointSliceModel, ServiceProtocol } from "../../kube/service-model.ts";
import { readAddressValue } from "./addresses.ts";
import type { Fields, Value } from "./fields.ts";
import { type ObjectName, rootFields } from "./object.ts";

const protocols: readonly ServiceProtocol[] = ["TCP", "UDP", "SCTP"];
const endpointFields = [
  ...["addresses", "conditions", "nodeName", "hostname", "targetRef", "zone", "hints", "deprecatedTopology"],
];

/** The label that says whose endpoints a slice holds. */
const serviceLabel = "kubernetes.io/service-name";

/** Reads an EndpointSlice (discovery.k8s.io/v1). Undefined where kube-proxy would not look at it; that is said. */
export function readEndpointSlice(
  object: Fields,
  { namespace, name, source }: ObjectName,
): EndpointSliceModel | undefined {
  object.warnUnknown([...rootFields, "addressType", "endpoints", "ports"]);
  const service = object.fields("metadata")?.fields("labels")?.text(serviceLabel);
  const addressType = object.choice("addressType", ["IPv4", "IPv6", "FQDN"]);
  if (object.get("addressType") === undefined) object.refuse(`The EndpointSlice ${name} has no addressType.`, "kind");
  if (!service) {
    object.note("slice-without-service", `Without the label ${serviceLabel} the slice belongs to no Service.`, "kind");
    return undefined;
  }
  if (addressType === undefined) return undefined;
  if (addressType !== "IPv4") {
    object.note("ipv6-skipped", `${addressType} endpoints are left out: k8snet speaks IPv4.`, "addressType");
    return undefined;
  }
  const ports = object.list("ports").flatMap((value) => readPort(value) ?? []);
  const endpoints = object.list("endpoints").flatMap((value) => readEndpoint(value) ?? []);
  return { namespace, service, addressType, ports, endpoints, source };
}

function readPort(value: Value): EndpointSliceModel["ports"][number] | undefined {
  const fields = value.fields();
  if (fields === undefined) return undefined;
  fields.warnUnknown(["name", "protocol", "port", "appProtocol"]);
  const port = fields.integer("port", 1, 65_535);
  const [name, protocol] = [fields.text("name") ?? "", fields.choice("protocol", protocols) ?? "TCP"];
  if (port !== undefined) return { name, protocol, port };
  if (fields.get("port") === undefined) {
    value.warn("slice-port-missing", "A slice's port without a number is left out, as kube-proxy does.");
  }
  return undefined;
}

function readEndpoint(value: Value): EndpointModel | undefined {
  const fields = value.fields();
  if (fields === undefined) return undefined;
  fields.warnUnknown(endpointFields);
  const conditions = fields.fields("conditions");
  conditions?.warnUnknown(["ready", "serving", "terminating"]);
  const addresses = fields.list("addresses").flatMap((address) => readAddressValue(address) ?? []);
  if (fields.list("addresses").length === 0) value.refuse("The endpoint has no addresses.");
  const nodeName = fields.text("nodeName");
  return {
    addresses,
    ready: conditions?.flag("ready") ?? true,
    serving: conditions?.flag("serving") ?? true,
    terminating: conditions?.flag("terminating") ?? false,
    ...(nodeName && { nodeName }),
  };
}
