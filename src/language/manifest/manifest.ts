import type { IngressModel } from "../../kube/ingress/model.ts";
import type { NodeGroup } from "../../kube/model.ts";
import type { DeclaredService } from "../../kube/service-declaration.ts";
import type { EndpointSliceModel } from "../../kube/service-model.ts";
import type { Problems } from "../problems.ts";
import { readObjects } from "./documents.ts";
import { readEndpointSlice } from "./endpoint-slice.ts";
import type { Fields } from "./fields.ts";
import { readIngressObject } from "./ingress.ts";
import { readNodeObject } from "./node.ts";
import { readObjectName } from "./object.ts";
import { readServiceObject } from "./service.ts";

/** What manifests declare. */
export interface ManifestObjects {
  readonly services: DeclaredService[];
  readonly slices: EndpointSliceModel[];
  readonly nodes: NodeGroup[];
  readonly ingresses: IngressModel[];
}

/** The kinds that are read, with the version of the API in which Kubernetes has them. */
const kinds: Readonly<Record<string, string>> = {
  Service: "v1",
  EndpointSlice: "discovery.k8s.io/v1",
  Node: "v1",
  Ingress: "networking.k8s.io/v1",
};

/** Services with this label are another proxy's. */
const otherProxyLabel = "service.kubernetes.io/service-proxy-name";

/** Reads a file of Kubernetes objects (YAML or JSON) into the lists; other kinds are named and skipped. */
export function readManifest(uri: string, text: string, into: ManifestObjects, problems: Problems): void {
  for (const object of readObjects(uri, text, problems)) {
    if (isReadable(object)) readObject(object, into);
  }
}

function isReadable(object: Fields): boolean {
  const kind = object.text("kind");
  if (!kind) {
    if (object.get("kind") === undefined) object.refuse("The object has no kind, such as Service.");
    return false;
  }
  if (!Object.hasOwn(kinds, kind)) {
    const read = Object.keys(kinds).join(", ");
    object.note("kind-skipped", `${kind} is skipped: of manifests, k8snet reads ${read}.`, "kind");
    return false;
  }
  const version = object.text("apiVersion");
  if (version === kinds[kind]) return true;
  const found = version === undefined ? "has no apiVersion" : `is not in ${version}`;
  object.refuse(`${kind} ${found}: write apiVersion: ${kinds[kind]}.`, version === undefined ? "kind" : "apiVersion");
  return false;
}

function readObject(object: Fields, { services, slices, nodes, ingresses }: ManifestObjects): void {
  const name = readObjectName(object);
  if (name === undefined) return;
  switch (object.text("kind")) {
    case "Service": {
      if (object.fields("metadata")?.fields("labels")?.get(otherProxyLabel)) {
        object.note("service-skipped", `The label ${otherProxyLabel} leaves this Service to another proxy.`, "kind");
      } else services.push(readServiceObject(object, name));
      break;
    }
    case "EndpointSlice": {
      const slice = readEndpointSlice(object, name);
      if (slice) slices.push(slice);
      break;
    }
    case "Ingress":
      ingresses.push(readIngressObject(object, name));
      break;
    case "Node":
      nodes.push(readNodeObject(object, name));
  }
}
