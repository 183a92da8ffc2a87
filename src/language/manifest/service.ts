import { type DeclaredService, serviceDefaults } from "../../kube/service-declaration.ts";
import type { ServicePortModel, ServiceProtocol } from "../../kube/service-model.ts";
import { problemOfName } from "../../wire/dns-name.ts";
import type { Ipv4Address, Ipv4Prefix } from "../../wire/ipv4-address.ts";
import { readAddressValue, readBlockValue } from "./addresses.ts";
import type { Fields, Value } from "./fields.ts";
import { type ObjectName, rootFields } from "./object.ts";

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

const protocols: readonly ServiceProtocol[] = ["TCP", "UDP", "SCTP"];
const policies = ["Cluster", "Local"] as const;
const serviceTypes = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] as const;

/** All fields of a Service's spec; those that k8snet has no use for decide nothing about packets. */
const specFields = [
  ...["type", "clusterIP", "clusterIPs", "externalIPs", "externalName", "loadBalancerIP", "loadBalancerClass"],
  ...["loadBalancerSourceRanges", "sessionAffinity", "sessionAffinityConfig", "internalTrafficPolicy"],
  ...["externalTrafficPolicy", "healthCheckNodePort", "publishNotReadyAddresses", "ports", "selector"],
  ...["allocateLoadBalancerNodePorts", "ipFamilies", "ipFamilyPolicy", "trafficDistribution"],
];
const portFields = ["name", "protocol", "port", "targetPort", "nodePort", "appProtocol"];

/** Reads a Service (v1). */
export function readServiceObject(object: Fields, { namespace, name, source }: ObjectName): DeclaredService {
  object.warnUnknown([...rootFields, "spec", "status"]);
  const spec = object.fields("spec");
  const service: Draft<DeclaredService> = { ...serviceDefaults, namespace, name, stored: false, ports: [], source };
  if (spec === undefined) {
    object.refuse(`The Service ${name} has no spec.`);
    return service;
  }
  spec.warnUnknown(specFields);
  service.type = spec.choice("type", serviceTypes) ?? service.type;
  readClusterIP(spec, service);
  if (service.type === "ExternalName") service.externalName = readExternalName(spec);
  service.ports = readPorts(spec, service);
  service.selector = spec.fields("selector")?.texts();
  service.selectorSource = service.selector && spec.keyRange("selector");
  service.publishNotReadyAddresses = spec.flag("publishNotReadyAddresses") ?? false;
  readPolicies(spec, service);
  service.externalIPs = addresses(spec.list("externalIPs"));
  service.loadBalancerSourceRanges = blocks(spec.list("loadBalancerSourceRanges"));
  service.loadBalancerIngress = readIngress(object);
  service.allocatesNodePorts = spec.flag("allocateLoadBalancerNodePorts") ?? true;
  return service;
}

function readClusterIP(spec: Fields, service: Draft<DeclaredService>): void {
  const value = spec.get("clusterIP") ?? spec.list("clusterIPs")[0];
  service.headless = service.type === "ExternalName";
  if (value === undefined || service.headless) return;
  service.stored = true;
  const text = value.text();
  if (text === "None") service.headless = true;
  else if (text) {
    const address = readAddressValue(value);
    if (address !== undefined) service.clusterIP = { value: address, source: value.range };
  } else service.stored = false;
}

function readExternalName(spec: Fields): string | undefined {
  const value = spec.get("externalName");
  const name = value?.text()?.replace(/\.$/, "");
  if (name === undefined || name === "") {
    if (value === undefined) spec.refuse("A Service of type ExternalName needs an externalName.");
    return undefined;
  }
  const problem = problemOfName(name);
  if (problem === undefined) return name;
  value?.refuse(`"${name}" ${problem}.`);
  return undefined;
}

function readPolicies(spec: Fields, service: Draft<DeclaredService>): void {
  service.sessionAffinity = spec.choice("sessionAffinity", ["None", "ClientIP"]) ?? "None";
  const client = spec.fields("sessionAffinityConfig")?.fields("clientIP");
  service.sessionAffinityTimeoutSeconds =
    client?.integer("timeoutSeconds", 1, 86_400) ?? service.sessionAffinityTimeoutSeconds;
  service.internalTrafficPolicy = spec.choice("internalTrafficPolicy", policies) ?? "Cluster";
  service.externalTrafficPolicy = spec.choice("externalTrafficPolicy", policies) ?? "Cluster";
  service.healthCheckNodePort = spec.integer("healthCheckNodePort", 0, 65_535) ?? 0;
}

function readPorts(spec: Fields, service: DeclaredService): ServicePortModel[] {
  const values = spec.list("ports");
  if (values.length === 0 && service.type !== "ExternalName" && !service.headless) {
    spec.refuse(`The Service ${service.name} has no ports.`);
  }
  const ports = values.flatMap((value) => readPort(value) ?? []);
  for (const [i, port] of ports.entries()) {
    if (ports.length > 1 && port.name === "") values[i].refuse("Each of several ports needs a name.");
  }
  return ports;
}

function readPort(value: Value): ServicePortModel | undefined {
  const fields = value.fields();
  if (fields === undefined) return undefined;
  fields.warnUnknown(portFields);
  const port = fields.integer("port", 1, 65_535);
  if (port === undefined) {
    if (fields.get("port") === undefined) value.refuse("The port is missing.");
    return undefined;
  }
  return {
    name: fields.text("name") ?? "",
    protocol: fields.choice("protocol", protocols) ?? "TCP",
    port,
    targetPort: readTargetPort(fields) ?? port,
    nodePort: fields.integer("nodePort", 0, 65_535) ?? 0,
    source: value.range,
  };
}

/** A number, or the name of a container's port. */
function readTargetPort(fields: Fields): number | string | undefined {
  const value = fields.get("targetPort");
  if (value === undefined) return undefined;
  const number = value.isNumber() ? value.integer(0, 65_535) : undefined;
  if (value.isNumber()) return number === 0 ? undefined : number;
  return value.text() || undefined;
}

/** What the cloud has assigned stands in the status. */
function readIngress(object: Fields): DeclaredService["loadBalancerIngress"] {
  const entries = object.fields("status")?.fields("loadBalancer")?.list("ingress") ?? [];
  return entries.flatMap((entry) => {
    const fields = entry.fields();
    const value = fields?.get("ip");
    const ip = value && readAddressValue(value);
    if (fields === undefined || ip === undefined) return [];
    return [{ ip, ipMode: fields.choice("ipMode", ["VIP", "Proxy"]) ?? "VIP" }];
  });
}

function addresses(values: readonly Value[]): Ipv4Address[] {
  return values.flatMap((value) => readAddressValue(value) ?? []);
}

function blocks(values: readonly Value[]): Ipv4Prefix[] {
  return values.flatMap((value) => readBlockValue(value) ?? []);
}
