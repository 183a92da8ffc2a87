import type { SourceRange } from "../../base/source-range.ts";
import type { ClusterLayout } from "../../kube/layout.ts";
import type { NamespaceRef } from "../../kube/names.ts";
import { parseIpv4 } from "../../wire/address-text.ts";
import { type Ipv4Address, prefixContains } from "../../wire/ipv4-address.ts";
import type { Problems } from "../problems.ts";
import { resolveNamespace } from "../resolve.ts";
import type { Token } from "../source.ts";
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

/** `HOST:PORT`, or `HOST` with the port given as option. */
export function readTargetWithPort(
  token: Token,
  protocol: "tcp" | "udp",
  optionPort: number | undefined,
  from: NamespaceRef,
  context: StatementContext,
): { readonly address: Ipv4Address; readonly port: number } | undefined {
  const colon = token.text.lastIndexOf(":");
  const host = colon < 0 ? token : part(token, 0, colon);
  const port = colon < 0 ? optionPort : readPort(part(token, colon + 1, token.text.length), context.problems);
  if (colon < 0 && optionPort === undefined) {
    context.problems.error("missing-port", token.range, `The port is missing: ${token.text}:PORT.`);
  }
  const address = readTarget(host, from, context);
  const service = address === undefined ? undefined : findService(host.text, from, context.layout);
  if (service?.clusterIP === address && service && port !== undefined) {
    checkServicePort(service, port, protocol, token, context);
  }
  return address === undefined || port === undefined ? undefined : { address, port };
}

/** A stretch of a word as a token of its own. */
export function part(token: Token, from: number, to: number): Token {
  const { range } = token;
  const column = range.column + from;
  return {
    text: token.text.slice(from, to),
    quoted: token.quoted,
    range: { ...range, column, endColumn: range.column + to },
  };
}

/** The device through which a namespace reaches an address on its own links. */
export function deviceTowards(ref: NamespaceRef, target: Ipv4Address, layout: ClusterLayout): string {
  const addresses = layout.addressesOf(ref);
  const onLink = addresses.find(({ prefix }) => prefix.length < 32 && prefixContains(prefix, target));
  return (onLink ?? addresses[0])?.dev ?? "eth0";
}
