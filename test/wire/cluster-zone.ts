import { parseIpv4 } from "../../src/wire/address-text.ts";
import { type DnsRecord, dnsType } from "../../src/wire/dns.ts";

/** The SOA of `cluster.local` as CoreDNS answers with it. */
export const soa: DnsRecord = {
  name: "cluster.local",
  ttlSeconds: 30,
  type: dnsType.SOA,
  primary: "ns.dns.cluster.local",
  mailbox: "hostmaster.cluster.local",
  serial: 1,
  refreshSeconds: 7200,
  retrySeconds: 1800,
  expireSeconds: 86_400,
  minimumSeconds: 30,
};

/** An A record with CoreDNS' 30 seconds. */
export function addressRecord(name: string, text: string): DnsRecord {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return { name, ttlSeconds: 30, type: dnsType.A, address };
}
