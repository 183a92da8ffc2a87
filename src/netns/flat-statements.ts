import type { Statement } from "../plan/statements.ts";

/** Statements with those of `parallel` blocks in their place. */
export function* flatStatements(statements: readonly Statement[]): Generator<Statement> {
  for (const statement of statements) {
    if (statement.do === "parallel") yield* flatStatements(statement.statements);
    else yield statement;
  }
}
