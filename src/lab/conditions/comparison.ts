import { parseIpv4, parsePrefix } from "../../wire/address-text.ts";
import { prefixContains } from "../../wire/ipv4-address.ts";
import { parseMac } from "../../wire/mac-address.ts";
import type { ReadNumber } from "./names.ts";
import type { Subject } from "./subject.ts";
import type { Value } from "./values.ts";

export type Comparator = "==" | "!=" | "<" | "<=" | ">" | ">=";
type Truth = (subject: Subject) => boolean;

/**
 * Compares two values at every level of the headers, as Wireshark does: true if it is true of one level; `!=` is true if the
 * two are there, and equal at none. What is not there makes every comparison false. Undefined where this must be asked of the
 * library. Throws a `RangeError` with a sentence where a text is no address.
 */
export function comparison(operator: Comparator, left: Value, right: Value): Truth | undefined {
  if (left.type === "string" && right.type !== "string") return comparison(mirrored[operator], right, left);
  if (left.type !== "string" && left.address !== undefined) return addressComparison(operator, left, right);
  if (left.type === "string" && right.type === "string") return stringComparison(operator, left.read, right.read);
  if (left.type === "string" || right.type === "string" || right.address !== undefined) return undefined;
  if (right.literal !== undefined) return literalComparison(operator, left.read, right.literal);
  if (left.literal !== undefined) return literalComparison(mirrored[operator], right.read, left.literal);
  return numberComparison(operator, left.read, right.read);
}

const mirrored = { "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

type AddressValue = Value & { readonly type: "number" | "bool" };

function addressComparison(operator: Comparator, left: AddressValue, right: Value): Truth | undefined {
  if (operator !== "==" && operator !== "!=") return undefined;
  if (right.type !== "string") {
    return right.address === left.address ? numberComparison(operator, left.read, right.read) : undefined;
  }
  const { literal } = right;
  if (literal === undefined) return undefined;
  if (left.address === "mac") return literalComparison(operator, left.read, macOf(literal));
  if (literal.includes("/")) return prefixComparison(operator, left.read, literal);
  const address = parseIpv4(literal);
  if (address === undefined) throw new RangeError(`"${literal}" is not an IPv4 address.`);
  return literalComparison(operator, left.read, address);
}

function macOf(text: string): number {
  const mac = parseMac(text);
  if (mac === undefined) throw new RangeError(`"${text}" is not a MAC address.`);
  return mac;
}

/** `ip.src == "10.244.0.0/16"`: it is in that network. */
function prefixComparison(operator: "==" | "!=", read: ReadNumber, text: string): Truth {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new RangeError(`"${text}" is not an IPv4 network.`);
  const isIn: ReadNumber = (s, level) => {
    const address = read(s, level);
    return Number.isNaN(address) ? address : Number(prefixContains(prefix, address));
  };
  return literalComparison(operator, isIn, 1);
}

/** Like `numberComparison`, with what most conditions compare with: asked for every event, it asks for one value less. */
function literalComparison(operator: Comparator, read: ReadNumber, wanted: number): Truth {
  switch (operator) {
    case "==":
      return (s) => {
        for (let level = 0; level < s.levels; level++) if (read(s, level) === wanted) return true;
        return false;
      };
    case "!=":
      return (s) => {
        let isThere = false;
        for (let level = 0; level < s.levels; level++) {
          const value = read(s, level);
          if (value === wanted) return false;
          if (!Number.isNaN(value)) isThere = true;
        }
        return isThere;
      };
    case "<":
      return anyLevel((s, level) => read(s, level) < wanted);
    case "<=":
      return anyLevel((s, level) => read(s, level) <= wanted);
    case ">":
      return anyLevel((s, level) => read(s, level) > wanted);
    case ">=":
      return anyLevel((s, level) => read(s, level) >= wanted);
  }
}

/** NaN, which stands for what is not there, compares false with everything. */
function numberComparison(operator: Comparator, left: ReadNumber, right: ReadNumber): Truth {
  switch (operator) {
    case "==":
      return (s) => {
        for (let level = 0; level < s.levels; level++) if (left(s, level) === right(s, level)) return true;
        return false;
      };
    case "!=":
      return (s) => {
        let areThere = false;
        for (let level = 0; level < s.levels; level++) {
          const one = left(s, level);
          const other = right(s, level);
          if (one === other) return false;
          if (!Number.isNaN(one) && !Number.isNaN(other)) areThere = true;
        }
        return areThere;
      };
    case "<":
      return anyLevel((s, level) => left(s, level) < right(s, level));
    case "<=":
      return anyLevel((s, level) => left(s, level) <= right(s, level));
    case ">":
      return anyLevel((s, level) => left(s, level) > right(s, level));
    case ">=":
      return anyLevel((s, level) => left(s, level) >= right(s, level));
  }
}

type ReadText = (subject: Subject, level: number) => string | undefined;

function stringComparison(operator: Comparator, left: ReadText, right: ReadText): Truth | undefined {
  if (operator === "==")
    return anyLevel((s, level) => {
      const text = left(s, level);
      return text !== undefined && text === right(s, level);
    });
  if (operator !== "!=") return undefined;
  return (s) => {
    let areThere = false;
    for (let level = 0; level < s.levels; level++) {
      const one = left(s, level);
      const other = right(s, level);
      if (one === undefined || other === undefined) continue;
      if (one === other) return false;
      areThere = true;
    }
    return areThere;
  };
}

function anyLevel(test: (subject: Subject, level: number) => boolean): Truth {
  return (subject) => {
    for (let level = 0; level < subject.levels; level++) if (test(subject, level)) return true;
    return false;
  };
}
