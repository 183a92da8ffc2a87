import { parseIpv4 } from "../../wire/address-text.ts";
import { type DnsRecord, dnsType, typeOf } from "../../wire/dns.ts";
import { type DnsName, isInZone } from "../../wire/dns-name.ts";

/** What a server of names is told. */
export interface DnsServerSettings {
  readonly zones: readonly DnsZone[];
  /** Whom it asks about all else, the first one first; with none it refuses. */
  readonly upstreams: readonly number[];
}

/** Names that a server answers for by itself. */
export interface DnsZone {
  /** `cluster.local` */
  readonly apex: DnsName;
  readonly records: readonly DnsRecord[];
  /** Names that are there, though without records. */
  readonly emptyNames?: readonly DnsName[];
  /** The record that goes with every "no": absent, a server that answers so is no authority. */
  readonly soa?: DnsRecord;
  /** Names that are not there are asked for upstream, where there is one. */
  readonly fallsThrough?: boolean;
  /** `pods insecure` of CoreDNS: every `10-244-1-2.NAMESPACE.pod.APEX` is that address, for these namespaces. */
  readonly podNamespaces?: readonly string[];
}

/** What is known of a name. `no data`: it is there, with records of other types. */
export type Found =
  | { readonly kind: "records"; readonly zone: DnsZone; readonly records: readonly DnsRecord[] }
  | { readonly kind: "alias"; readonly zone: DnsZone; readonly alias: DnsRecord; readonly target: DnsName }
  | { readonly kind: "no data" | "no name"; readonly zone: DnsZone }
  | { readonly kind: "elsewhere" };

/** The zones of a server, to be asked by name. */
export class ZoneData {
  private readonly zones: readonly {
    readonly zone: DnsZone;
    readonly byName: ReadonlyMap<string, readonly DnsRecord[]>;
  }[];

  constructor({ zones }: DnsServerSettings) {
    // The longest zone that a name is in is the one that knows.
    const sorted = [...zones].sort((a, b) => b.apex.length - a.apex.length);
    this.zones = sorted.map((zone) => ({ zone, byName: indexOf(zone) }));
  }

  find(name: DnsName, type: number): Found {
    const found = this.zones.find(({ zone }) => isInZone(name, zone.apex));
    if (found === undefined) return { kind: "elsewhere" };
    const { zone, byName } = found;
    const here = byName.get(name.toLowerCase()) ?? podRecord(zone, name);
    if (here === undefined) return { kind: "no name", zone };
    const records = here.filter((record) => typeOf(record) === type || type === anyType);
    if (records.length > 0) return { kind: "records", zone, records: records.map((one) => ({ ...one, name })) };
    const alias = here.find((record) => record.type === dnsType.CNAME);
    if (alias?.type === dnsType.CNAME) return { kind: "alias", zone, alias: { ...alias, name }, target: alias.target };
    return { kind: "no data", zone };
  }
}

const anyType = 255;

/** A name that has others below it is there, too, without records (RFC 8020). */
function indexOf({ apex, records, emptyNames = [], soa }: DnsZone): ReadonlyMap<string, readonly DnsRecord[]> {
  const byName = new Map<string, DnsRecord[]>([[apex.toLowerCase(), soa ? [soa] : []]]);
  for (const record of records) {
    const list = byName.get(record.name.toLowerCase());
    if (list) list.push(record);
    else byName.set(record.name.toLowerCase(), [record]);
  }
  for (const name of [...records.map((record) => record.name), ...emptyNames]) {
    for (
      let rest = name.toLowerCase();
      isInZone(rest, apex) && !(byName.get(rest)?.length === 0);
      rest = parentOf(rest)
    ) {
      if (!byName.has(rest)) byName.set(rest, []);
      if (rest === "") break;
    }
  }
  return byName;
}

function parentOf(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1);
}

function podRecord({ apex, podNamespaces, soa }: DnsZone, name: DnsName): readonly DnsRecord[] | undefined {
  if (podNamespaces === undefined) return undefined;
  const below = name
    .toLowerCase()
    .slice(0, -apex.length - 1)
    .split(".");
  const [address, namespace, pod] = below.length === 3 ? below : ["", ...below];
  if (pod !== "pod" || !podNamespaces.includes(namespace) || below.length > 3) {
    return below.length === 1 && below[0] === "pod" ? [] : undefined;
  }
  if (below.length === 2) return [];
  const parsed = parseIpv4(address.replaceAll("-", "."));
  return parsed === undefined
    ? undefined
    : [{ name, ttlSeconds: soa?.ttlSeconds ?? 0, type: dnsType.A, address: parsed }];
}
