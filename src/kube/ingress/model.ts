import type { SourceRange } from "../../base/source-range.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import type { Sourced } from "../model.ts";

/** An Ingress (networking.k8s.io/v1): which host and path lead to which Service. */
export interface IngressModel {
  readonly namespace: string;
  readonly name: string;
  /** `ingressClassName`; absent: the controller that there is takes it. */
  readonly className?: Sourced<string>;
  readonly defaultBackend?: IngressBackend;
  readonly rules: readonly IngressRule[];
  readonly source: SourceRange;
}

/** `host` absent: any. */
export interface IngressRule {
  readonly host?: string;
  readonly paths: readonly IngressPath[];
}

export const pathTypes = ["Exact", "Prefix", "ImplementationSpecific"] as const;

export interface IngressPath {
  readonly path: string;
  readonly pathType: (typeof pathTypes)[number];
  readonly backend: IngressBackend;
  readonly source: SourceRange;
}

export interface IngressBackend {
  readonly service: string;
  /** A number, or a name; absent: the only one. */
  readonly port?: number | string;
  readonly source: SourceRange;
}

/** `ingressController nginx`: the proxy that Ingresses are carried out by. */
export interface IngressControllerModel {
  readonly className: string;
  readonly replicas: number;
  readonly nodePort?: number;
  readonly loadBalancerIP?: Ipv4Address;
  readonly externalTrafficPolicy: "Cluster" | "Local";
  readonly source: SourceRange;
}
