import { resolvConfOf } from "../../kube/dns/resolv-conf.ts";
import { parseIpv4 } from "../../wire/address-text.ts";
import { dnsType } from "../../wire/dns.ts";
import { reverseName } from "../../wire/dns-name.ts";
import { parseType } from "../../wire/dns-text.ts";
import { type OptionKinds, readOptions } from "../options.ts";
import { readDnsName } from "../read/dns.ts";
import type { Token } from "../source.ts";
import { readParties, readTarget } from "./context.ts";
import type { StatementReader } from "./traffic.ts";

const second = 1_000_000_000;

const digOptions: OptionKinds = {
  type: { kind: "text" },
  server: { kind: "text" },
  search: { kind: "flag" },
  short: { kind: "flag" },
  tcp: { kind: "flag" },
  timeout: { kind: "duration" },
  tries: { kind: "number", minimum: 1, maximum: 100 },
  id: { kind: "number", minimum: 0, maximum: 65535 },
};

/** `dig pod1 -> web.default.svc.cluster.local type SRV server 10.96.0.10 search short tcp timeout 5s tries 3`; an address stands for its PTR. */
export const readDig: StatementReader = (verb, tokens, head, context) => {
  const { problems, layout } = context;
  const parties = readParties(verb, tokens, "pod1 -> web.default.svc.cluster.local", context);
  if (parties === undefined) return undefined;
  const { from, to } = parties;
  const options = readOptions(parties.options, digOptions, "dig", problems);
  const optionWord = (option: string): Token | undefined =>
    options[option] === undefined
      ? undefined
      : parties.options[parties.options.findIndex(({ text }) => text === option) + 1];
  const address = parseIpv4(to.text);
  const name = address === undefined ? readDnsName(to, problems) : reverseName(address);
  const typeToken = optionWord("type");
  const type = typeToken ? parseType(typeToken.text) : address === undefined ? dnsType.A : dnsType.PTR;
  if (typeToken && type === undefined) {
    const message = `There is no type of record "${typeToken.text}", such as A, AAAA, SRV, PTR or TYPE65.`;
    problems.unknown("bad-record-type", typeToken.range, typeToken.text, message, Object.keys(dnsType));
  }
  const resolver = resolvConfOf(layout, from);
  const serverToken = optionWord("server");
  const server = serverToken ? readTarget(serverToken, from, context) : resolver?.nameservers[0];
  if (server === undefined && serverToken === undefined) {
    const message = `${from.netns} has no nameserver: say whom to ask, such as server 10.96.0.10, or declare one: cluster { dns coredns }.`;
    problems.error("no-nameserver", to.range, message);
  }
  if (name === undefined || type === undefined || server === undefined) return undefined;
  const isAbsolute = to.text.endsWith(".");
  const { search = [], ndots = 1 } = resolver ?? {};
  return {
    ...head,
    do: "dig",
    netns: from.netns,
    name: isAbsolute ? `${name}.` : name,
    type,
    server,
    ...(options.search === true && { search: { search, ndots } }),
    tcp: options.tcp === true,
    short: options.short === true,
    timeoutNs: typeof options.timeout === "number" ? options.timeout : 5 * second,
    tries: typeof options.tries === "number" ? options.tries : 3,
    ...(typeof options.id === "number" && { identifier: options.id }),
  };
};
