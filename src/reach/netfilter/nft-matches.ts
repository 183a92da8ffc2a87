import { bounds, isInPart, type Part, typeTraits } from "../../config/nft/data-types.ts";
import { protocolOf } from "../../config/nft/dependencies.ts";
import {
  type Element,
  type FieldName,
  type NftTable,
  type Operand,
  type Selector,
  type Statement,
  setNamed,
} from "../../config/nft/rule-set.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import { type AddressTypes, addressType } from "./address-types.ts";
import { type Certainty, certain, invertedIf } from "./certainty.ts";
import type { Flow } from "./flow.ts";

/** A value that the question does not say. */
const unknown = Symbol("unknown");
type Value = number | string | typeof unknown;

/** What a statement is asked about. */
export interface NftQuestion {
  readonly table: NftTable;
  readonly flow: Flow;
  readonly own: AddressTypes;
}

/** Whether a match holds for the first packet of a connection. */
export function nftMatchHolds(match: Extract<Statement, { statement: "match" }>, question: NftQuestion): Certainty {
  const { operand, comparison, selectors, mask } = match;
  if (operand.kind === "set" || operand.kind === "anonymous set") {
    const found = candidates(operand, selectors, question).map(({ certainty }) => certainty);
    const isIn = found.includes("yes") ? "yes" : found.includes("maybe") ? "maybe" : "no";
    return hasAll(selectors, question) ? invertedIf(comparison === "!=", isIn) : "no";
  }
  const loaded = selectedValue(selectors[0], question);
  if (loaded === undefined) return "no";
  if (loaded === unknown) return "maybe";
  const value = mask === undefined || typeof loaded === "string" ? loaded : (loaded & mask) >>> 0;
  if (operand.kind === "bits") {
    const number = Number(value);
    if (comparison === "!=") return certain(number !== operand.bits);
    return certain(mask === undefined ? (number & operand.bits) !== 0 : number === operand.bits);
  }
  return certain(compare(value, comparison, operand.part));
}

function compare(value: number | string, comparison: string, part: Part): boolean {
  const { first, last } = bounds(part);
  switch (comparison) {
    case "==":
      return isInPart(part, value);
    case "!=":
      return !isInPart(part, value);
    case "<":
      return Number(value) < first;
    case ">":
      return Number(value) > last;
    case "<=":
      return Number(value) <= last;
    default:
      return Number(value) >= first;
  }
}

export interface Candidate {
  readonly element: Element;
  readonly certainty: Certainty;
}

/** The elements whose keys the packet may have. Chance may give any number; what rules put into a set is not known. */
export function candidates(
  operand: Extract<Operand, { kind: "set" | "anonymous set" }>,
  selectors: readonly Selector[],
  question: NftQuestion,
): readonly Candidate[] {
  const set = operand.kind === "set" ? setNamed(question.table, operand.name) : undefined;
  const elements = operand.kind === "set" ? (set?.elements ?? []) : operand.elements;
  const values = selectors.map((selector) => selectedValue(selector, question));
  const found = elements.flatMap((element): Candidate[] => {
    const fits = element.key.every((part, index) => {
      const value = values[index];
      return value === unknown || (value !== undefined && isInPart(part, value));
    });
    return fits ? [{ element, certainty: values.includes(unknown) ? "maybe" : "yes" }] : [];
  });
  const isMemory = set?.definition.dynamic === true && found.length === 0;
  return isMemory ? [{ element: { key: [] }, certainty: "maybe" }] : found;
}

/** Whether the packet has all of these; what it has not, no rule matches. */
function hasAll(selectors: readonly Selector[], question: NftQuestion): boolean {
  return selectors.every((selector) => selectedValue(selector, question) !== undefined);
}

function selectedValue(selector: Selector, { flow, own }: NftQuestion): Value | undefined {
  if (selector.field === "numgen") return selector.modulus === 1 ? selector.offset : unknown;
  return fieldValue(selector.field, flow, own);
}

function fieldValue(field: FieldName, flow: Flow, own: AddressTypes): Value | undefined {
  switch (field) {
    case "ip saddr":
      return flow.source;
    case "ip daddr":
      return flow.destination;
    case "ip protocol":
    case "meta l4proto":
    case "ct protocol":
      return flow.protocol;
    case "meta mark":
      return flow.mark;
    case "meta nfproto":
      return 2;
    case "iifname":
      return flow.inDevice ?? unknown;
    case "oifname":
      return flow.outDevice ?? unknown;
    case "fib saddr type":
      return typeNumber(own, flow.source);
    case "fib daddr type":
      return typeNumber(own, flow.destination);
    case "icmp type":
      return flow.protocol === ipProtocol.icmp ? (flow.icmp?.type ?? echoRequest) : undefined;
    case "icmp code":
      return flow.protocol === ipProtocol.icmp ? (flow.icmp?.code ?? 0) : undefined;
    case "ip ttl":
    case "ip length":
    case "meta length":
      return unknown;
    default:
      return field.startsWith("ct ") ? connectionValue(field, flow) : portValue(field, flow);
  }
}

const echoRequest = 8;

function typeNumber(own: AddressTypes, address: number): number {
  return typeTraits.fib_addrtype.names?.[addressType(own, address).toLowerCase()] ?? 0;
}

function portValue(field: FieldName, flow: Flow): Value | undefined {
  const { tcp, udp, sctp } = ipProtocol;
  if (![tcp, udp, sctp].some((one) => one === flow.protocol)) return undefined;
  const protocol = protocolOf({ field });
  if (protocol !== undefined && protocol !== flow.protocol) return undefined;
  return field.endsWith("dport") ? flow.destinationPort : (flow.sourcePort ?? unknown);
}

const states = typeTraits.ct_state.names ?? {};
const { snat = 0, dnat = 0, "seen-reply": seenReply = 0, confirmed = 0 } = typeTraits.ct_status.names ?? {};

function connectionValue(field: FieldName, flow: Flow): Value | undefined {
  if (field === "ct state") return states[flow.tracked ? (flow.state ?? "NEW").toLowerCase() : "untracked"] ?? 0;
  if (!flow.tracked) return undefined;
  switch (field) {
    case "ct status":
      return statusOf(flow);
    case "ct mark":
      return flow.connectionMark;
    case "ct direction":
      return isAnswer(flow) ? 1 : 0;
    case "ct original ip saddr":
      return flow.original.source;
    case "ct original ip daddr":
      return flow.original.destination;
    case "ct original proto-src":
      return flow.sourcePort ?? unknown;
    case "ct original proto-dst":
      return flow.original.port;
    // The answer will come from where the packet goes, to where it seems to come from.
    case "ct reply ip saddr":
      return isAnswer(flow) ? flow.source : flow.destination;
    case "ct reply proto-src":
      return flow.destinationPort;
    case "ct reply ip daddr":
      return flow.sourceTranslated ? unknown : isAnswer(flow) ? flow.destination : flow.source;
    default:
      return flow.sourceTranslated ? unknown : (flow.sourcePort ?? unknown);
  }
}

function statusOf(flow: Flow): number {
  const known = flow.state === "ESTABLISHED" ? seenReply | confirmed : 0;
  return known | (flow.destinationTranslated ? dnat : 0) | (flow.sourceTranslated ? snat : 0);
}

function isAnswer({ isReply, state }: Flow): boolean {
  return isReply === true && state === "ESTABLISHED";
}
