import type { ASTNode } from "@marcbachmann/cel-js";
import { type ExpressionError, failure, makeEnvironment } from "../expressions/compile.ts";
import { ConditionProblem, printedValueOf, truthOf } from "./closures.ts";
import { celType, conditionNames } from "./names.ts";
import { identifierOf, nameOf, withIdentifiers } from "./rewrite.ts";
import type { Subject } from "./subject.ts";
import type { Value } from "./values.ts";

/** A condition that was read and checked. Asking it makes nothing, as long as it asks only for what the packet carries. */
export interface Condition {
  readonly kind: "condition";
  readonly text: string;
  /** Throws `ConditionFailure` where it cannot be answered. */
  holds(subject: Subject): boolean;
}

/** A value that a log message prints. */
export interface Print {
  readonly kind: "print";
  print(subject: Subject): string;
}

const environment = makeEnvironment(
  [...conditionNames.values()].map((one) => ({
    name: identifierOf(one.name),
    type: celType(one),
    description: one.description,
  })),
);
const names = [...conditionNames.keys()];

/** Reads a condition in CEL, with Wireshark's names for what a packet carries. */
export function compileCondition(text: string): Condition | ExpressionError {
  const checked = check(text);
  if (checked.kind === "error") return checked;
  const { syntax, type } = checked;
  if (type !== "bool") {
    const message = `A condition is true or false, and this is of type ${type}.`;
    return { kind: "error", message, start: 0, end: text.length };
  }
  return guarded(text, () => ({ kind: "condition", text, holds: truthOf(syntax, environment) }));
}

/** Reads what stands between the braces of a log message. */
export function compilePrint(text: string): Print | ExpressionError {
  const checked = check(text);
  if (checked.kind === "error") return checked;
  return guarded(text, () => ({ kind: "print", print: printer(printedValueOf(checked.syntax, environment)) }));
}

function guarded<T>(text: string, make: () => T): T | ExpressionError {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ConditionProblem)) throw error;
    const { start, end } = error.node ?? { start: 0, end: text.length };
    return { kind: "error", message: error.message, start, end };
  }
}

function check(
  text: string,
): { readonly kind: "checked"; readonly syntax: ASTNode; readonly type: string } | ExpressionError {
  const rewritten = withIdentifiers(text);
  if ("kind" in rewritten) return rewritten;
  try {
    const parsed = environment.parse(rewritten.text);
    const { valid, type = "dyn", error } = parsed.check();
    if (!valid) return dotted(failure(error, text, names));
    return { kind: "checked", syntax: parsed.ast, type };
  } catch (error) {
    return dotted(failure(error, text, names));
  }
}

/** Messages speak of names as they were written. */
function dotted(error: ExpressionError): ExpressionError {
  return { ...error, message: error.message.replace(/\b[a-z]\w*_\w+\b/g, (word) => nameOf(word) ?? word) };
}

function printer(value: Value): (subject: Subject) => string {
  return (subject) => {
    for (let level = 0; level < subject.levels; level++) {
      const text = printAt(value, subject, level);
      if (text !== undefined) return text;
    }
    return "—";
  };
}

function printAt(value: Value, subject: Subject, level: number): string | undefined {
  if (value.type === "string") return value.read(subject, level);
  const number = value.read(subject, level);
  if (Number.isNaN(number)) return undefined;
  if (value.type === "bool") return number === 1 ? "true" : "false";
  return value.show === undefined ? String(number) : value.show(subject, level);
}
