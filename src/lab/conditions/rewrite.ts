import { closest } from "../../base/suggest.ts";
import type { ExpressionError } from "../expressions/compile.ts";
import { conditionNames } from "./names.ts";

/** Strings of CEL, and chains of names: `tcp.flags.syn`. */
const tokens =
  /[rb]?"""[\s\S]*?"""|[rb]?'''[\s\S]*?'''|[rb]?"(?:\\.|[^"\\])*"|[rb]?'(?:\\.|[^'\\])*'|(?<![\w.)\]])[A-Za-z_][\w.]*/g;

const families = new Set(
  [...conditionNames.keys()].flatMap((name) => (name.includes(".") ? [name.split(".")[0]] : [])),
);
const mangled = new Map([...conditionNames.keys()].map((name) => [identifierOf(name), name]));

/** The identifier, of equal length, that stands for a dotted name while CEL checks types. */
export function identifierOf(name: string): string {
  return name.replaceAll(".", "_");
}

/** The dotted name that an identifier stands for. */
export function nameOf(identifier: string): string | undefined {
  return mangled.get(identifier);
}

/** Puts identifiers in the place of dotted names. Every character keeps its position. */
export function withIdentifiers(text: string): { readonly text: string } | ExpressionError {
  let problem: ExpressionError | undefined;
  const rewritten = text.replace(tokens, (token, offset: number) => {
    if (/["']/.test(token)) return token;
    const known = longestName(token);
    if (known !== undefined) return identifierOf(known) + token.slice(known.length);
    const [family] = token.split(".");
    const isField = token.includes(".") && families.has(family);
    if (isField || mangled.has(token)) problem ??= unknown(token, offset);
    return token;
  });
  return problem ?? { text: rewritten };
}

/** `ip.src` of `ip.src.startsWith`; a protocol alone does not stand for its unknown fields. */
function longestName(chain: string): string | undefined {
  for (let end = chain.length; end > 0; end = chain.lastIndexOf(".", end - 1)) {
    const name = chain.slice(0, end);
    if (conditionNames.has(name) && (end === chain.length || name.includes(".") || !families.has(name))) return name;
  }
  return undefined;
}

function unknown(name: string, start: number): ExpressionError {
  const meant = mangled.get(name) ?? closest(name, conditionNames.keys());
  const hint = meant === undefined ? "" : ` Did you mean "${meant}"?`;
  return { kind: "error", message: `There is no field "${name}".${hint}`, start, end: start + name.length };
}
