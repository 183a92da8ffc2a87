import {
  type ASTNode,
  TypeError as CelTypeError,
  Environment,
  EvaluationError,
  ParseError,
} from "@marcbachmann/cel-js";
import { closest } from "../../base/suggest.ts";
import type { World } from "../../linux/world.ts";
import type { ProgramResult } from "../../programs/program.ts";
import { UnanswerableError, worldFunctions } from "./functions.ts";
import { objectTypes } from "./types.ts";
import { expectationVariables } from "./variables.ts";

/** An expression that was read and whose names and types are known to fit. */
export interface CompiledExpression {
  readonly kind: "compiled";
  readonly text: string;
  /** The CEL type of its value. */
  readonly type: string;
  readonly syntax: ASTNode;
  evaluate(context: ExpressionContext): Evaluation;
}

export interface ExpressionError {
  readonly kind: "error";
  /** One plain sentence. */
  readonly message: string;
  /** Where in the text, from 0; the end is exclusive. */
  readonly start: number;
  readonly end: number;
}

export type Evaluation = { readonly kind: "value"; readonly value: unknown } | ExpressionError;

/** What an expression's names stand for. */
export interface ExpressionContext {
  readonly world: World;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The names of an `expect` after a statement with this result; null: no program has run yet. */
export function expectationContext(world: World, result: ProgramResult | null): ExpressionContext {
  const variables = Object.fromEntries(expectationVariables.map(({ name, read }) => [name, read(result)]));
  return { world, variables };
}

/** Reads and checks a CEL expression. */
export function compileExpression(text: string): CompiledExpression | ExpressionError {
  try {
    const parsed = environment.parse(text);
    const { valid, type = "dyn", error } = parsed.check();
    if (!valid) return failure(error, text);
    return { kind: "compiled", text, type, syntax: parsed.ast, evaluate: (context) => run(parsed, context, text) };
  } catch (error) {
    return failure(error, text);
  }
}

/** The library hands functions nothing but their arguments, so the world they ask stands here while one is evaluated. */
let askedWorld: World | undefined;

export function run(parsed: (variables: object) => unknown, context: ExpressionContext, text: string): Evaluation {
  const outer = askedWorld;
  askedWorld = context.world;
  try {
    return { kind: "value", value: parsed(context.variables) };
  } catch (error) {
    return failure(error, text);
  } finally {
    askedWorld = outer;
  }
}

const environment = makeEnvironment(expectationVariables);

/** What a name stands for in an expression; its type in CEL. */
export interface DeclaredVariable {
  readonly name: string;
  readonly type: string;
  readonly description: string;
}

/** CEL with these variables, and with the functions that ask the world. */
export function makeEnvironment(variables: readonly DeclaredVariable[]): Environment {
  const made = new Environment({ unlistedVariablesAreDyn: false });
  for (const [name, { ctor, fields }] of Object.entries(objectTypes)) made.registerType(name, { ctor, fields });
  for (const { name, type, description } of variables) made.registerVariable(name, type, { description });
  for (const { name, parameters, returnType, description, call } of worldFunctions)
    made.registerFunction({
      name,
      returnType,
      description,
      params: parameters.map((parameter) => ({ ...parameter, type: "string" })),
      handler: (...values: string[]) => call(askedWorld as World, ...values),
    });
  return made;
}

/** What the library says is wrong with a text, in the words of this one. `names` are those that may have been meant. */
export function failure(error: unknown, text: string, names: readonly string[] = variableNames): ExpressionError {
  if (error instanceof UnanswerableError) return { kind: "error", message: error.message, start: 0, end: text.length };
  if (error instanceof ParseError || error instanceof EvaluationError || error instanceof CelTypeError) {
    const { start, end } = error.range ?? { start: 0, end: text.length };
    return {
      kind: "error",
      message: sentence(error.code, error.summary, text, names),
      start,
      end: Math.max(start, end),
    };
  }
  throw error;
}

/** The library's errors in the words of this one. */
function sentence(code: string, summary: string, text: string, names: readonly string[]): string {
  const name = summary.slice(summary.indexOf(": ") + 2);
  if (text.trim() === "") return "An expression is missing.";
  if (summary === "Unexpected token: EOF") return "The expression ends too early.";
  if (code === "unknown_variable") return `There is no variable "${name}".${suggestion(name, names)}`;
  if (code === "index_out_of_bounds") return `The list has no element ${/index (-?\d+)/.exec(name)?.[1]}.`;
  if (code === "no_such_key") return `There is no field "${name}" here.${suggestion(name, fieldNames)}`;
  if (code === "no_matching_overload") return `${capital(summary)}.${usage(summary)}`;
  return `${capital(summary)}.`;
}

const variableNames = expectationVariables.map((one) => one.name);
const fieldNames = [...new Set(Object.values(objectTypes).flatMap((type) => Object.keys(type.fields)))];
const functionNames = worldFunctions.map((one) => one.name);

function suggestion(word: string, names: readonly string[]): string {
  const meant = closest(word, names);
  return meant === undefined ? "" : ` Did you mean "${meant}"?`;
}

/** How a function of ours is called, where the summary names one or nearly does. */
function usage(summary: string): string {
  const called = /'(\w+)\(/.exec(summary)?.[1] ?? "";
  const one = worldFunctions.find(({ name }) => name === (closest(called, functionNames) ?? called));
  return one === undefined ? "" : ` It is ${one.name}(${one.parameters.map(({ name }) => name).join(", ")}).`;
}

function capital(text: string): string {
  return `${text[0].toUpperCase()}${text.slice(1)}`;
}
