import {
  type IngressBackend,
  type IngressModel,
  type IngressPath,
  type IngressRule,
  pathTypes,
} from "../../kube/ingress/model.ts";
import { readIngressHost } from "../read/ingress.ts";
import type { Fields, Value } from "./fields.ts";
import { type ObjectName, rootFields } from "./object.ts";

const classAnnotation = "kubernetes.io/ingress.class";

/** Reads an Ingress (networking.k8s.io/v1). TLS is not looked at: what goes over it is not HTTP. */
export function readIngressObject(object: Fields, { namespace, name, source }: ObjectName): IngressModel {
  object.warnUnknown([...rootFields, "spec", "status"]);
  const spec = object.fields("spec");
  if (spec === undefined) {
    object.refuse(`The Ingress ${name} has no spec.`);
    return { namespace, name, rules: [], source };
  }
  spec.warnUnknown(["ingressClassName", "defaultBackend", "rules", "tls"]);
  if (spec.get("tls")) spec.note("tls-skipped", "TLS is left out: k8snet's ingress controller speaks HTTP.", "tls");
  const value = spec.get("ingressClassName") ?? object.fields("metadata")?.fields("annotations")?.get(classAnnotation);
  const className = value?.text();
  const backend = spec.get("defaultBackend");
  const defaultBackend = backend && readBackend(backend);
  const rules = spec.list("rules").flatMap((rule) => readRule(rule) ?? []);
  if (rules.length === 0 && backend === undefined) {
    spec.refuse(`The Ingress ${name} has neither rules nor a defaultBackend.`);
  }
  return {
    namespace,
    name,
    ...(value && className && { className: { value: className, source: value.range } }),
    ...(defaultBackend && { defaultBackend }),
    rules,
    source,
  };
}

function readRule(value: Value): IngressRule | undefined {
  const fields = value.fields();
  fields?.warnUnknown(["host", "http"]);
  const hostValue = fields?.get("host");
  const text = hostValue?.text();
  const host = text ? readIngressHost(text, (message) => hostValue?.refuse(message)) : undefined;
  if (fields === undefined || (text && host === undefined)) return undefined;
  const paths = (fields.fields("http")?.list("paths") ?? []).flatMap((path) => readPath(path) ?? []);
  return { ...(host !== undefined && { host }), paths };
}

function readPath(value: Value): IngressPath | undefined {
  const fields = value.fields();
  fields?.warnUnknown(["path", "pathType", "backend"]);
  const [backendValue, pathType] = [fields?.get("backend"), fields?.choice("pathType", pathTypes)];
  if (fields === undefined) return undefined;
  if (fields.get("pathType") === undefined) value.refuse(`The pathType is missing: one of ${pathTypes.join(", ")}.`);
  if (backendValue === undefined) value.refuse("The backend is missing.");
  const path = fields.text("path") || "/";
  const backend = backendValue && readBackend(backendValue);
  if (!path.startsWith("/")) {
    fields.get("path")?.refuse(`"${path}" is not a path: it begins with /.`);
    return undefined;
  }
  return backend && pathType && { path, pathType, backend, source: value.range };
}

function readBackend(value: Value): IngressBackend | undefined {
  const fields = value.fields();
  fields?.warnUnknown(["service", "resource"]);
  if (fields?.get("resource")) {
    value.warn("resource-backend", "A backend that is a resource is left out: nothing here serves it.");
    return undefined;
  }
  const service = fields?.fields("service");
  const name = service?.text("name");
  const port = service?.fields("port");
  if (!name) {
    value.refuse("The Service of this backend is missing: service: { name: …, port: { number: … } }.");
    return undefined;
  }
  const number = port?.get("number") ? port.integer("number", 1, 65_535) : port?.text("name");
  return { service: name, ...(number !== undefined && { port: number }), source: value.range };
}
