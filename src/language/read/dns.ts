import { mostNameservers } from "../../kube/dns/resolv-conf.ts";
import type { DnsModel, PodDns, ResolverOptions } from "../../kube/model.ts";
import { type DnsRecord, dnsType } from "../../wire/dns.ts";
import { type DnsName, problemOfName } from "../../wire/dns-name.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { readOptions } from "../options.ts";
import type { Problems } from "../problems.ts";
import { part, type Token } from "../source.ts";
import { readAddress, readChoice, readNumber } from "../values.ts";
import { once, oneWord, type Reading, type SettingReader, type SettingReaders } from "./reading.ts";

/** kubelet's `--cluster-domain`. */
export const defaultDomain = "cluster.local";
const kubeadmReplicas = 2;
const mostReplicas = 100;

/** `dns coredns replicas 2 domain cluster.local clusterIP 10.96.0.10 forward 203.0.113.53,203.0.113.54`. */
export function clusterDnsReader(reading: Reading, set: (dns: DnsModel) => void): SettingReader {
  const { problems } = reading;
  const kinds = {
    replicas: { kind: "number", minimum: 0, maximum: mostReplicas },
    domain: { kind: "text" },
    clusterIP: { kind: "text" },
    forward: { kind: "text" },
  } as const;
  return once(reading, (tokens, source, name) => {
    const [kind, ...rest] = tokens;
    if (kind === undefined) return problems.error("missing-value", name.range, "Write which server: dns coredns.");
    if (readChoice(kind, ["coredns"], "unknown-dns", "The cluster's DNS", problems) === undefined) return;
    const options = readOptions(rest, kinds, "dns", problems);
    const tokenOf = (option: string) => rest[rest.findIndex(({ text }) => text === option) + 1];
    const address = (option: string) => {
      const value = options[option] === undefined ? undefined : readAddress(tokenOf(option), problems);
      return value === undefined ? undefined : { value, source: tokenOf(option).range };
    };
    const upstreams = options.forward === undefined ? [] : readUpstreams(tokenOf("forward"), problems);
    const clusterIP = address("clusterIP");
    const domain = options.domain === undefined ? defaultDomain : readDnsName(tokenOf("domain"), problems);
    set({
      replicas: typeof options.replicas === "number" ? options.replicas : kubeadmReplicas,
      domain: domain ?? defaultDomain,
      ...(clusterIP && { clusterIP }),
      upstreams,
      source,
    });
  });
}

/** `203.0.113.53` or several, with commas between them: the next one is asked when one is silent. */
function readUpstreams(token: Token, problems: Problems): Ipv4Address[] {
  let at = 0;
  return token.text.split(",").flatMap((text) => {
    const address = readAddress(part(token, at, at + text.length), problems);
    at += text.length + 1;
    return address === undefined ? [] : [address];
  });
}

/** A domain name, without the dot that may stand at its end. */
export function readDnsName({ text, range }: Token, problems: Problems): DnsName | undefined {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  const problem =
    problemOfName(name) ?? (/[^\w.*-]/.test(name) ? "has characters that names of hosts have not" : undefined);
  if (problem === undefined) return name;
  problems.error("bad-dns-name", range, `"${text}" ${problem}.`);
  return undefined;
}

const policies = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"] as const;

/** What a pod says of its /etc/resolv.conf: `dnsPolicy None`, and the lines that shall stand there. */
export class PodDnsReader {
  private policy: PodDns["policy"] = "ClusterFirst";
  private readonly nameservers: Ipv4Address[] = [];
  private readonly searches: DnsName[] = [];
  private options: ResolverOptions = {};
  private isStated = false;
  readonly settings: SettingReaders;

  constructor(reading: Reading) {
    const { problems } = reading;
    this.settings = {
      dnsPolicy: oneWord(reading, (word) => {
        this.policy = readChoice(word, policies, "bad-dns-policy", "The dnsPolicy", problems) ?? this.policy;
        this.isStated = true;
      }),
      nameserver: this.each(reading, "10.96.0.10", (word) => {
        const address = readAddress(word, problems);
        if (this.nameservers.length === mostNameservers) {
          problems.error("too-many-nameservers", word.range, `A resolver asks at most ${mostNameservers} nameservers.`);
        } else if (address !== undefined) this.nameservers.push(address);
      }),
      search: this.each(reading, "default.svc.cluster.local", (word) => {
        const name = readDnsName(word, problems);
        if (name !== undefined) this.searches.push(name);
      }),
      options: this.each(reading, "ndots:2", (word) => {
        this.options = { ...this.options, ...readResolverOption(word, problems) };
      }),
    };
  }

  /** Undefined where the pod says nothing of it. */
  get dns(): PodDns | undefined {
    const { policy, nameservers, searches, options } = this;
    return this.isStated ? { policy, nameservers, searches, options } : undefined;
  }

  private each({ problems }: Reading, example: string, read: (word: Token) => void): SettingReader {
    return (tokens, _source, name) => {
      this.isStated = true;
      const message = `The value of ${name.text} is missing, such as ${example}.`;
      if (tokens.length === 0) problems.error("missing-value", name.range, message);
      for (const token of tokens) read(token);
    };
  }
}

const flags: Readonly<Record<string, ResolverOptions>> = {
  "single-request": { singleRequest: true },
  "single-request-reopen": { singleRequestReopen: true },
  "use-vc": { useVc: true },
};
const numbers: Readonly<Record<string, { readonly most: number; readonly make: (value: number) => ResolverOptions }>> =
  {
    ndots: { most: 15, make: (ndots) => ({ ndots }) },
    timeout: { most: 30, make: (seconds) => ({ timeoutNs: Math.max(1, seconds) * 1_000_000_000 }) },
    attempts: { most: 5, make: (attempts) => ({ attempts: Math.max(1, attempts) }) },
  };

/** `ndots:2`, `single-request`: one of resolv.conf(5)'s options; numbers are capped there as here. */
function readResolverOption(word: Token, problems: Problems): ResolverOptions {
  if (Object.hasOwn(flags, word.text)) return flags[word.text];
  const [name, value] = word.text.split(":");
  const known = [...Object.keys(numbers).map((one) => `${one}:N`), ...Object.keys(flags)];
  if (!Object.hasOwn(numbers, name) || value === undefined) {
    const message = `There is no resolver option "${word.text}"; there are ${known.join(", ")}.`;
    problems.unknown("unknown-option", word.range, word.text, message, known);
    return {};
  }
  const { most, make } = numbers[name];
  const number = readNumber({ ...word, text: value }, problems, 0, most);
  return number === undefined ? {} : make(number);
}

const recordTypes = ["A", "CNAME", "PTR", "NS"] as const;
const recordTtlSeconds = 300;

/** `record shop.example.com A 203.0.113.80`: what a server of names in a container knows. */
export function readRecord(tokens: readonly Token[], setting: Token, { problems }: Reading): DnsRecord | undefined {
  const [owner, typeToken, data, extra] = tokens;
  if (owner === undefined || typeToken === undefined || data === undefined) {
    const message = "Write a name, a type and what it leads to: record shop.example.com A 203.0.113.80.";
    problems.error("missing-value", (tokens.at(-1) ?? setting).range, message);
    return undefined;
  }
  if (extra) problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
  const name = readDnsName(owner, problems);
  const type = readChoice(typeToken, recordTypes, "bad-record-type", "The type of a record", problems);
  if (type === undefined || name === undefined) return undefined;
  if (type === "A") {
    const address = readAddress(data, problems);
    return address === undefined ? undefined : { name, ttlSeconds: recordTtlSeconds, type: dnsType.A, address };
  }
  const target = readDnsName(data, problems);
  return target === undefined ? undefined : { name, ttlSeconds: recordTtlSeconds, type: dnsType[type], target };
}
