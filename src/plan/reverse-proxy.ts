import type { Ipv4Address } from "../wire/ipv4-address.ts";

/** What a reverse proxy is told: what an ingress controller makes of Ingresses, Services and endpoints. */
export interface ReverseProxySettings {
  readonly servers: readonly {
    /** `shop.example.com`, `*.example.com`, or empty for any. */
    readonly host: string;
    readonly paths: readonly {
      readonly path: string;
      readonly pathType: "Exact" | "Prefix" | "ImplementationSpecific";
      /** A name of `upstreams`. */
      readonly upstream: string;
    }[];
  }[];
  /** Where requests go that no path takes; absent: 404. */
  readonly defaultUpstream?: string;
  readonly upstreams: Readonly<Record<string, readonly { readonly address: Ipv4Address; readonly port: number }[]>>;
}
