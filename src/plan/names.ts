import type { DnsRecord } from "../wire/dns.ts";
import type { DnsName } from "../wire/dns-name.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";

/** What a server of names is told; for CoreDNS, what its Corefile and the API server tell it. */
export interface NameServerSettings {
  readonly zones: readonly NameZone[];
  /** `forward`: whom it asks about all else. With none it refuses. */
  readonly upstreams: readonly Ipv4Address[];
}

/** A zone that it answers for. */
export interface NameZone {
  readonly apex: DnsName;
  readonly records: readonly DnsRecord[];
  /** Names that are there, though without records: namespaces. */
  readonly emptyNames?: readonly DnsName[];
  /** Goes with every "no"; absent: it answers as no authority. */
  readonly soa?: DnsRecord;
  /** Names that are not there are asked for upstream, where there is one. */
  readonly fallsThrough?: boolean;
  /** `pods insecure`: namespaces whose pods have names made of their addresses, `10-244-1-2.default.pod`. */
  readonly podNamespaces?: readonly string[];
}

/** What a client of names is told: /etc/resolv.conf (resolv.conf(5)). */
export interface ResolvConf {
  readonly nameservers: readonly Ipv4Address[];
  readonly search: readonly DnsName[];
  readonly ndots: number;
  readonly timeoutNs: number;
  readonly attempts: number;
  /** `single-request`, `single-request-reopen`: one question after the other, the second from another socket. */
  readonly singleRequest?: boolean;
  readonly singleRequestReopen?: boolean;
  /** `use-vc`: over TCP. */
  readonly useVc?: boolean;
}

/** The name of a peer that a program is to look up by DNS. */
export interface Lookup {
  readonly name: string;
  readonly resolver: ResolvConf;
  /** The id of its first query; absent: drawn from the seed. */
  readonly identifier?: number;
}
