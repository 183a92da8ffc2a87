import { formatIpv4 } from "../../wire/ipv4-address.ts";
import type { NatRange } from "../iptables/rule-set.ts";
import { type DataType, printBits, printMark, printPart, typeTraits } from "./data-types.ts";
import { inOrder } from "./elements.ts";
import { printMarkValue } from "./mark-values.ts";
import { printTime } from "./parse-values.ts";
import type { Element, ElementData, Family, NftRule, Operand, Selector, Statement, Verdict } from "./rule-set.ts";
import { printSelectors, typeOf } from "./selectors.ts";

/** What counters have counted: those of the rule's text where it is not said. */
export interface Counted {
  readonly packets: number;
  readonly bytes: number;
}

/** One rule as `nft list` prints it (nftables 1.0.6); with `stateless` as `nft -s list` does, without what was counted. */
export function printNftRule(rule: NftRule, family: Family, counted?: Counted | "stateless"): string {
  const words = rule.statements.map((statement) => printStatement(statement, family, counted));
  return [...words, ...(rule.comment === undefined ? [] : [`comment "${rule.comment}"`])].join(" ");
}

/** `goto service-ULMVA6XW-ns1/svc1/tcp/p80`. */
export function printVerdict(verdict: Verdict): string {
  return verdict.verdict === "jump" || verdict.verdict === "goto"
    ? `${verdict.verdict} ${verdict.chain}`
    : verdict.verdict;
}

/** `10.96.0.10 . tcp . 80 comment "…" : goto web`. */
export function printElement(
  element: Element,
  keyTypes: readonly DataType[],
  dataTypes?: "verdict" | readonly DataType[],
): string {
  const key = element.key.map((part, index) => printPart(keyTypes[index], part)).join(" . ");
  const timeout = element.timeoutMs === undefined ? "" : ` timeout ${printTime(element.timeoutMs)}`;
  const left = element.expiresMs === undefined ? "" : ` expires ${printTime(element.expiresMs)}`;
  const comment = element.comment === undefined ? "" : ` comment "${element.comment}"`;
  const data = element.data === undefined ? "" : ` : ${printData(element.data, dataTypes)}`;
  return `${key}${timeout}${left}${comment}${data}`;
}

function printData(data: ElementData, types: "verdict" | readonly DataType[] | undefined): string {
  if ("verdict" in data) return printVerdict(data.verdict);
  const known = types === undefined || types === "verdict" ? [] : types;
  return data.parts.map((part, index) => printPart(known[index] ?? "integer", part)).join(" . ");
}

/** One statement of a rule. */
export function printStatement(statement: Statement, family: Family, counted?: Counted | "stateless"): string {
  switch (statement.statement) {
    case "match":
      return printMatch(statement);
    case "vmap":
      return `${printSelectors(statement.selectors)} vmap ${printOperand(statement.map, statement.selectors, "verdict")}`;
    case "verdict":
      return printVerdict(statement.verdict);
    case "counter": {
      if (counted === "stateless") return "counter";
      const { packets, bytes } = counted ?? statement;
      return `counter packets ${packets} bytes ${bytes}`;
    }
    case "set mark":
      return `${statement.mark} set ${printMarkValue(statement.value)}`;
    case "nat":
      return printNat(statement.nat, statement.range, family);
    case "reject":
      return printReject(statement, family);
    case "change set": {
      const timeout = statement.timeoutMs === undefined ? "" : ` timeout ${printTime(statement.timeoutMs)}`;
      return `${statement.operation} @${statement.set} { ${printSelectors(statement.key)}${timeout} }`;
    }
    case "limit": {
      const { over, rate, per, burst } = statement;
      return `limit rate ${over ? "over " : ""}${rate}/${per}${burst === 5 ? "" : ` burst ${burst} packets`}`;
    }
    case "log": {
      const prefix = statement.prefix === undefined ? "" : ` prefix "${statement.prefix}"`;
      return `log${prefix}${statement.level === undefined ? "" : ` level ${statement.level}`}`;
    }
    case "notrack":
      return "notrack";
  }
}

function printMatch({ selectors, mask, comparison, operand }: Extract<Statement, { statement: "match" }>): string {
  const type = typeOf(selectors[0]);
  const left = [
    printSelectors(selectors),
    ...(mask === undefined ? [] : ["&", typeTraits[type].bitmask ? printBits(type, mask) : printMark(mask)]),
  ].join(" ");
  const sign = comparison === "==" && mask === undefined ? "" : ` ${comparison}`;
  return `${left}${sign} ${printOperand(operand, selectors)}`;
}

function printOperand(operand: Operand, selectors: readonly Selector[], data?: "verdict"): string {
  const types = selectors.map(typeOf);
  switch (operand.kind) {
    case "value":
      return printPart(types[0], operand.part);
    case "bits":
      return printBits(types[0], operand.bits);
    case "set":
      return `@${operand.name}`;
    case "anonymous set": {
      const isInterval = operand.elements.some(({ key }) => key.some((part) => typeof part === "object"));
      const ordered = inOrder(types, isInterval, operand.elements);
      return `{ ${ordered.map((element) => printElement(element, types, data)).join(", ")} }`;
    }
  }
}

function printNat(nat: string, range: NatRange, family: Family): string {
  const { addresses, ports } = range;
  const flags = [
    ...(range.random ? ["random"] : []),
    ...(range.randomFully ? ["fully-random"] : []),
    ...(range.persistent ? ["persistent"] : []),
  ].join(",");
  const address =
    addresses === undefined
      ? ""
      : addresses.first === addresses.last
        ? formatIpv4(addresses.first)
        : `${formatIpv4(addresses.first)}-${formatIpv4(addresses.last)}`;
  const port =
    ports === undefined ? "" : ports.first === ports.last ? `:${ports.first}` : `:${ports.first}-${ports.last}`;
  const version = family === "inet" && addresses !== undefined ? " ip" : "";
  const target = address === "" && port === "" ? "" : ` to ${address}${port}`;
  return `${nat}${version}${target}${flags === "" ? "" : ` ${flags}`}`;
}

function printReject({ answer, icmpx }: Extract<Statement, { statement: "reject" }>, family: Family): string {
  if (answer === "tcp-reset") return "reject with tcp reset";
  if (answer === "icmp-port-unreachable" && (family === "ip" || icmpx)) return "reject";
  return `reject with ${icmpx ? "icmpx" : "icmp"} ${answer.slice("icmp-".length).replace("proto-", "prot-")}`;
}
