import type { Statement } from "../../plan/statements.ts";

/** Statements with those inside of `parallel`, each after its group. */
export function flat(statements: readonly Statement[]): readonly Statement[] {
  return statements.flatMap((one) => (one.do === "parallel" ? [one, ...flat(one.statements)] : [one]));
}
