import type { ASTNode } from "@marcbachmann/cel-js";
import { serialize } from "@marcbachmann/cel-js";
import { compileExpression, type Evaluation, type ExpressionContext } from "./compile.ts";
import { printValue } from "./print-value.ts";

/** More values than these do not help. */
const mostValues = 8;

/** `reply.received is true, reply.ttl is 63`: what the parts of an expression were when it did not hold. */
export function explainFailure(text: string, context: ExpressionContext): string {
  const compiled = compileExpression(text);
  if (compiled.kind === "error") return compiled.message;
  const parts = new Map<string, string>();
  for (const node of tellingParts(compiled.syntax)) {
    if (parts.size === mostValues) break;
    const part = serialize(node);
    if (!parts.has(part)) parts.set(part, describe(part, evaluatePart(part, context)));
  }
  return [...parts.values()].join(", ");
}

function evaluatePart(part: string, context: ExpressionContext): Evaluation {
  const compiled = compileExpression(part);
  return compiled.kind === "error" ? compiled : compiled.evaluate(context);
}

function describe(part: string, evaluation: Evaluation): string {
  if (evaluation.kind === "error") return evaluation.message.replace(/\.$/, "");
  return `${part} is ${printValue(evaluation.value)}`;
}

/** The parts whose values explain the whole: what logic and comparisons are made of, down to fields and calls. */
function* tellingParts(node: ASTNode): Generator<ASTNode> {
  switch (node.op) {
    case "value":
      return;
    case "&&":
    case "||":
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "in":
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      for (const operand of node.args) yield* tellingParts(operand);
      return;
    case "!_":
    case "-_":
      return yield* tellingParts(node.args);
    case "?:":
      for (const operand of node.args) yield* tellingParts(operand);
      return;
    case "list":
      for (const element of node.args) yield* tellingParts(element);
      return;
    case "rcall":
      yield* receiverParts(node);
      return;
    default:
      yield node;
  }
}

/** `"a".startsWith("b")` and `errors.exists(e, …)`: the receiver and the answer; a macro's own variables mean nothing outside. */
function* receiverParts(node: ASTNode & { readonly op: "rcall" }): Generator<ASTNode> {
  yield* tellingParts(node.args[1]);
  yield node;
}
