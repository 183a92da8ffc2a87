import type { World } from "../../linux/world.ts";
import type { ProgramResult } from "../../programs/program.ts";
import { compileExpression, expectationContext } from "./compile.ts";
import { explainFailure } from "./explain.ts";
import { printValue } from "./print-value.ts";

export interface Verdict {
  readonly holds: boolean;
  /** For one that does not hold, what to say after its text: ` — reply.ttl is 63`. */
  readonly why: string;
}

/** Judges an `expect` by the world as it stands and the result of the statement before. */
export function judge(world: World, text: string, result: ProgramResult | null): Verdict {
  const compiled = compileExpression(text);
  if (compiled.kind === "error") return { holds: false, why: ` — ${compiled.message}` };
  const context = expectationContext(world, result);
  const evaluation = compiled.evaluate(context);
  if (evaluation.kind === "error") return { holds: false, why: ` — ${evaluation.message}` };
  if (evaluation.value === true) return { holds: true, why: "" };
  if (evaluation.value !== false)
    return { holds: false, why: ` — it is ${printValue(evaluation.value)}, neither true nor false` };
  return { holds: false, why: ` — ${explainFailure(text, context)}` };
}
