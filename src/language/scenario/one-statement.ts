import type { Diagnostic } from "../../base/diagnostic.ts";
import type { ClusterLayout } from "../../kube/layout.ts";
import type { EndpointChanges, Statement } from "../../plan/statements.ts";
import type { Scenario } from "../generated/ast.ts";
import { parseFile } from "../parse.ts";
import { Problems } from "../problems.ts";
import { readScenario } from "./scenario.ts";

export type CompiledStatement =
  | { readonly statement: Statement; readonly warnings: readonly Diagnostic[] }
  | { readonly problems: readonly Diagnostic[] };

/**
 * Compiles one statement of a scenario by itself, such as `ping pod1 -> pod2`: what somebody asks for while a scenario runs.
 * Its place is `line` of the document `uri`, which must be the second one at least. `changes` is what the statements before it have
 * changed of endpoints.
 */
export function compileStatement(
  text: string,
  layout: ClusterLayout,
  { uri, line }: { readonly uri: string; readonly line: number },
  changes: EndpointChanges,
): CompiledStatement {
  const problems = new Problems(uri);
  const whole = `${"\n".repeat(line - 2)}scenario "by hand" {\n${text}\n}\n`;
  const ast = parseFile(whole, uri, problems);
  const [node, more] = ast.items;
  if (more !== undefined || node?.$type !== "Scenario" || /[\r\n]/.test(text))
    return { problems: [oneOnly(uri, line)] };
  const { statements } = readScenario(node as Scenario, { uri, text: whole, layout, problems }, changes);
  const found = problems.list();
  const errors = found.filter(({ severity }) => severity === "error");
  if (errors.length > 0) return { problems: errors };
  if (statements.length !== 1) return { problems: [oneOnly(uri, line)] };
  return { statement: statements[0], warnings: found };
}

function oneOnly(uri: string, line: number): Diagnostic {
  const range = { uri, line, column: 1, endLine: line, endColumn: 1 };
  return {
    severity: "error",
    code: "one-statement",
    range,
    message: "Write one statement, such as ping pod1 -> pod2.",
  };
}
