import { parse } from "@marcbachmann/cel-js";
import type { SourceRange } from "../../base/source-range.ts";
import type { Expect as ExpectStatement } from "../../plan/statements.ts";
import type { Expect } from "../generated/ast.ts";
import { rangeOfNode } from "../source.ts";
import type { StatementContext, StatementHead } from "./context.ts";

/** Reads `expect EXPRESSION`; the expression's syntax is checked here, its names when it is evaluated. */
export function readExpectation(
  node: Expect,
  head: StatementHead,
  context: StatementContext,
): ExpectStatement | undefined {
  const keyword = /^expect[ \t]*/.exec(node.text)?.[0] ?? "";
  const expression = node.text.slice(keyword.length).trimEnd();
  const whole = rangeOfNode(node, context.uri);
  const column = whole.column + keyword.length;
  const expressionSource = { ...whole, column, endLine: whole.line, endColumn: column + expression.length };
  if (expression === "") {
    context.problems.error("incomplete-statement", whole, "The expression is missing: expect reply.received.");
    return undefined;
  }
  try {
    parse(expression);
  } catch (error) {
    const { message, start } = describe(error, expression);
    context.problems.error("bad-expression", narrow(expressionSource, start), message);
    return undefined;
  }
  return { ...head, do: "expect", expression, expressionSource };
}

/** The parser's first line and where it points to. */
function describe(error: unknown, expression: string): { readonly message: string; readonly start: number } {
  const found = error as {
    readonly summary?: string;
    readonly message?: string;
    readonly range?: { readonly start?: number };
  };
  const summary = (found.summary ?? found.message ?? "").split("\n")[0];
  const start = Math.max(0, Math.min(found.range?.start ?? 0, expression.length));
  return { message: `This is not a CEL expression: ${summary}.`.replace("..", "."), start };
}

function narrow(range: SourceRange, start: number): SourceRange {
  const column = Math.min(range.column + start, Math.max(range.column, range.endColumn - 1));
  return { ...range, column };
}
