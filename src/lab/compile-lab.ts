import type { Diagnostic } from "../base/diagnostic.ts";
import { type Compilation, type CompileOptions, compile } from "../language/compile.ts";
import type { Expect, Statement } from "../plan/statements.ts";
import { compileExpression } from "./expressions/compile.ts";

/**
 * Compiles a file as the language does, and its expectations besides: their names and types are the lab's, which the
 * language does not know.
 */
export async function compileLab(text: string, uri: string, options: CompileOptions = {}): Promise<Compilation> {
  const compilation = await compile(text, uri, options);
  const own = compilation.diagnostics.filter(({ range }) => range.uri === uri);
  const known = new Set(own.map(({ range }) => range.line));
  const problems = compilation.plan.scenarios
    .flatMap(({ statements }) => statements.flatMap(expectations))
    .flatMap((statement) => problemOf(statement))
    .filter(({ range }) => !known.has(range.line));
  if (problems.length === 0) return compilation;
  const sorted = [...own, ...problems].sort((a, b) => a.range.line - b.range.line || a.range.column - b.range.column);
  const imported = compilation.diagnostics.filter(({ range }) => range.uri !== uri);
  return { ...compilation, diagnostics: [...sorted, ...imported] };
}

function expectations(statement: Statement): readonly Expect[] {
  if (statement.do === "parallel") return statement.statements.flatMap(expectations);
  return statement.do === "expect" ? [statement] : [];
}

function problemOf({ expression, expressionSource }: Expect): readonly Diagnostic[] {
  const compiled = compileExpression(expression);
  if (compiled.kind === "compiled") {
    if (compiled.type === "bool" || compiled.type === "dyn") return [];
    const message = `An expectation is true or false; this is of type ${compiled.type}.`;
    return [{ severity: "error", message, range: expressionSource, code: "expectation-type" }];
  }
  const { line } = expressionSource;
  const column = expressionSource.column + compiled.start;
  const endColumn = expressionSource.column + Math.max(compiled.end, compiled.start + 1);
  const range = { ...expressionSource, column, endLine: line, endColumn };
  return [{ severity: "error", message: compiled.message, range, code: "expectation" }];
}
