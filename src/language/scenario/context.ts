import type { SourceRange } from "../../base/source-range.ts";
import { closest } from "../../base/suggest.ts";
import { resolvConfOf } from "../../kube/dns/resolv-conf.ts";
import type { ClusterLayout } from "../../kube/layout.ts";
import type { NamespaceRef } from "../../kube/names.ts";
import type { Lookup } from "../../plan/names.ts";
import { parseIpv4 } from "../../wire/address-text.ts";
import { type Ipv4Address, prefixContains } from "../../wire/ipv4-address.ts";
import type { Problems } from "../problems.ts";
import { readDnsName } from "../read/dns.ts";
import { resolveNamespace } from "../resolve.ts";
import { part, type Token } from "../source.ts";
import { readPort } from "../values.ts";
import type { EndpointState } from "./endpoints.ts";
import { checkServicePort, findService, readServiceAddress, reportPodOrService } from "./service-name.ts";

/** What the readers of statements need. */
export interface StatementContext {
  readonly uri: string;
  readonly text: string;
  readonly layout: ClusterLayout;
  readonly problems: Problems;
  /** As the statements before have left them. */
  readonly endpoints: EndpointState;
}

/** What every statement has. */
export interface StatementHead {
  readonly source: SourceRange;
  readonly text: string;
  readonly atNs?: number;
}

/** The two parties of `VERB FROM -> TO options…`. */
export interface Parties {
  readonly from: NamespaceRef;
  readonly to: Token;
  readonly options: readonly Token[];
}

/** Reads `FROM -> TO`; undefined, with a problem, where it is not that. */
export function readParties(
  verb: Token,
  tokens: readonly Token[],
  example: string,
  context: StatementContext,
): Parties | undefined {
  const { problems, layout } = context;
  const [from, arrow, to, ...options] = tokens;
  if (from === undefined || arrow === undefined || arrow.text !== "->" || to === undefined) {
    const range = (arrow?.text === "->" ? arrow : (arrow ?? from ?? verb)).range;
    problems.error("incomplete-statement", range, `Write who sends and to whom: ${verb.text} ${example}.`);
    return undefined;
  }
  const ref = resolveNamespace(from, layout.names, problems);
  return ref && { from: ref, to, options };
}

/** The address that a word means to a client: itself, or the first one of what it names (`pod2`, `node1/cbr0`, `web.default`). */
export function readTarget(token: Token, from: NamespaceRef, context: StatementContext): Ipv4Address | undefined {
  const { layout, problems } = context;
  const literal = parseIpv4(token.text);
  if (literal !== undefined) return literal;
  if (/^[\d.]+$/.test(token.text)) {
    problems.error("bad-address", token.range, `"${token.text}" is not an IPv4 address, such as 10.244.1.9.`);
    return undefined;
  }
  const device = deviceAddress(token.text, layout);
  if (device !== undefined) return device;
  const service = findService(token.text, from, layout);
  if (service !== undefined) {
    if (token.text.includes(".") || layout.names.resolve(token.text).kind === "unknown") {
      return readServiceAddress(service, token, context);
    }
    reportPodOrService(service, token, context);
    return undefined;
  }
  const ref = resolveNamespace(token, layout.names, problems);
  if (ref === undefined) return undefined;
  const [first] = layout.addressesOf(ref);
  if (first === undefined) problems.error("no-address", token.range, `${token.text} has no address.`);
  return first?.prefix.address;
}

/** `pod1/eth0`: the address of that device. */
function deviceAddress(path: string, layout: ClusterLayout): Ipv4Address | undefined {
  const slash = path.lastIndexOf("/");
  const owner = slash > 0 ? layout.names.resolve(path.slice(0, slash)) : undefined;
  if (owner?.kind !== "found") return undefined;
  return layout.addressesOf(owner.ref).find(({ dev }) => dev === path.slice(slash + 1))?.prefix.address;
}

/**
 * Where a program of ours connects to: an address, or a name that it looks up by DNS. A pod with a resolv.conf looks up all
 * names but those that the file itself gives to pods, nodes and devices.
 */
export function readDestination(
  token: Token,
  from: NamespaceRef,
  context: StatementContext,
): Ipv4Address | Lookup | undefined {
  const { layout, problems } = context;
  const resolver = resolvConfOf(layout, from);
  const isOurs =
    /^[\d.]+$/.test(token.text) || token.text.includes("/") || layout.names.resolve(token.text).kind !== "unknown";
  if (resolver === undefined || isOurs) return readTarget(token, from, context);
  const name = readDnsName(token, problems);
  if (name === undefined) return undefined;
  if (!name.includes(".") && findService(name, from, layout) === undefined) noteUnknownService(token, context);
  return { name: token.text, resolver };
}

/** It may be meant so: what DNS answers is then the point. */
function noteUnknownService(token: Token, { layout, problems }: StatementContext): void {
  const names = [...layout.services.map(({ name }) => name), ...layout.names.suggestions()];
  const guess = closest(token.text, names);
  const message = `No Service, pod or node is called "${token.text}": DNS will say that there is no such name.`;
  problems.information("unknown-name", token.range, guess ? `${message} Did you mean ${guess}?` : message);
}

/** `HOST:PORT`, or `HOST` with the port given as option. */
export function readTargetWithPort(
  token: Token,
  protocol: "tcp" | "udp",
  optionPort: number | undefined,
  from: NamespaceRef,
  context: StatementContext,
): { readonly destination: Ipv4Address | Lookup; readonly port: number } | undefined {
  const colon = token.text.lastIndexOf(":");
  const host = colon < 0 ? token : part(token, 0, colon);
  const port = colon < 0 ? optionPort : readPort(part(token, colon + 1, token.text.length), context.problems);
  if (colon < 0 && optionPort === undefined) {
    context.problems.error("missing-port", token.range, `The port is missing: ${token.text}:PORT.`);
  }
  const destination = readDestination(host, from, context);
  const service = destination === undefined ? undefined : findService(host.text, from, context.layout);
  const isService = typeof destination === "object" || service?.clusterIP === destination;
  if (service?.clusterIP !== undefined && isService && port !== undefined) {
    checkServicePort(service, port, protocol, token, context);
  }
  return destination === undefined || port === undefined ? undefined : { destination, port };
}

/** The device through which a namespace reaches an address on its own links. */
export function deviceTowards(ref: NamespaceRef, target: Ipv4Address, layout: ClusterLayout): string {
  const addresses = layout.addressesOf(ref);
  const onLink = addresses.find(({ prefix }) => prefix.length < 32 && prefixContains(prefix, target));
  return (onLink ?? addresses[0])?.dev ?? "eth0";
}
