import { ipProtocol } from "../../wire/ipv4.ts";
import type { Family, Selector, Statement } from "./rule-set.ts";
import { isField } from "./selectors.ts";

/**
 * Leaves out the matches of a protocol that a later statement implies, as `nft list` does: `ip protocol tcp tcp dport 80`
 * is `tcp dport 80`, and so is `meta l4proto tcp th dport 80`.
 */
export function withoutDependencies(statements: readonly Statement[], family: Family): readonly Statement[] {
  const found: Statement[] = [];
  const pending: (Statement | undefined)[] = [undefined, undefined];
  let known: number | undefined;
  for (const statement of statements) {
    const next = named(statement, known);
    if (pending[0] !== undefined && isOfIpv4(next)) forget(found, pending, 0);
    if (pending[1] !== undefined && impliedProtocol(next, family) === protocolMatch(pending[1]))
      forget(found, pending, 1);
    // What only acts stands between, and nft looks no further.
    if (selectorsOf(next).length === 0) pending.fill(undefined);
    if (isVersionMatch(next)) pending[0] = next;
    if (protocolMatch(next) !== undefined) pending[1] = next;
    known = protocolMatch(next) ?? impliedProtocol(next, family) ?? known;
    found.push(next);
  }
  return found;
}

function forget(found: Statement[], pending: (Statement | undefined)[], index: number): void {
  const at = found.indexOf(pending[index] as Statement);
  if (at >= 0) found.splice(at, 1);
  pending[index] = undefined;
}

/** The value that a match of one field asks for, and nothing else. */
function exactValue(statement: Statement | undefined, ...fields: Parameters<typeof isField>[1][]): number | undefined {
  if (statement?.statement !== "match" || statement.comparison !== "==" || statement.mask !== undefined)
    return undefined;
  const { selectors, operand } = statement;
  if (selectors.length > 1 || !isField(selectors[0], ...fields) || operand.kind !== "value") return undefined;
  return typeof operand.part === "number" ? operand.part : undefined;
}

function protocolMatch(statement: Statement | undefined): number | undefined {
  return exactValue(statement, "meta l4proto", "ip protocol");
}

function isVersionMatch(statement: Statement): boolean {
  return exactValue(statement, "meta nfproto") === ipv4Family;
}

/** `NFPROTO_IPV4`. */
const ipv4Family = 2;

function isOfIpv4(statement: Statement): boolean {
  const [selector] = selectorsOf(statement);
  return selector !== undefined && /^(ip|icmp) /.test(selector.field);
}

function selectorsOf(statement: Statement): readonly Selector[] {
  if (statement.statement === "change set") return statement.key;
  return statement.statement === "match" || statement.statement === "vmap" ? statement.selectors : [];
}

/** A port behind the match of a protocol is that protocol's. */
function named(statement: Statement, protocol: number | undefined): Statement {
  const name = protocol === undefined ? undefined : protocolNames[protocol];
  if (name === undefined) return statement;
  const rename = (selector: Selector): Selector =>
    isField(selector, "th sport", "th dport") ? { field: selector.field.replace("th", name) as "tcp dport" } : selector;
  if (statement.statement === "change set") return { ...statement, key: statement.key.map(rename) };
  if (statement.statement !== "match" && statement.statement !== "vmap") return statement;
  return { ...statement, selectors: statement.selectors.map(rename) };
}

const protocolNames: Readonly<Record<number, "tcp" | "udp" | "sctp" | undefined>> = {
  [ipProtocol.tcp]: "tcp",
  [ipProtocol.udp]: "udp",
  [ipProtocol.sctp]: "sctp",
};

function impliedProtocol(statement: Statement, family: Family): number | undefined {
  if (statement.statement === "reject")
    return statement.answer === "tcp-reset" && family === "ip" ? ipProtocol.tcp : undefined;
  return selectorsOf(statement)
    .map(protocolOf)
    .find((protocol) => protocol !== undefined);
}

/** The protocol that a field belongs to: packets of others have it not. */
export function protocolOf(selector: Selector): number | undefined {
  const [word] = selector.field.split(" ");
  return word === "tcp" || word === "udp" || word === "sctp" || word === "icmp" ? ipProtocol[word] : undefined;
}
