import type { World } from "../../linux/world.ts";
import type { ProgramResult } from "../../programs/program.ts";
import { ConditionFailure } from "../conditions/closures.ts";
import { compileCondition } from "../conditions/compile.ts";
import { conditionNames, type Name } from "../conditions/names.ts";
import { Subject } from "../conditions/subject.ts";
import { expectationContext, failure, makeEnvironment, run } from "../expressions/compile.ts";
import { printValue } from "../expressions/print-value.ts";
import { expectationVariables } from "../expressions/variables.ts";
import { layersOf } from "../inspect/layers.ts";
import type { InspectionTarget } from "../inspect/target.ts";
import type { Inspection } from "../protocol.ts";

/** The first parts of dotted names: `ip`, `tcp`, `ct`. Each stands for an object with all that follows it. */
export const packetRoots: readonly string[] = [
  ...new Set([...conditionNames.keys(), "data"].map((name) => name.split(".")[0])),
].filter((root) => !expectationVariables.some(({ name }) => name === root));

const environment = makeEnvironment([
  ...expectationVariables,
  ...packetRoots.map((name) => ({ name, type: "dyn", description: "Of the packet in view" })),
]);
const variableNames = [...expectationVariables.map(({ name }) => name), ...packetRoots];

export type Evaluated = { readonly value: Inspection } | { readonly message: string };

/**
 * The value of a CEL expression: packet fields of the packet in view by Wireshark's names, the functions that ask the tables,
 * and the names of expectations. What could be a breakpoint's condition means what it means there.
 */
export function evaluateExpression(
  world: World,
  text: string,
  target: InspectionTarget,
  result: ProgramResult | null,
): Evaluated {
  const subject = subjectOf(world, target);
  const isName = /^\w+(\.\w+)*$/.test(text);
  const condition = isName ? undefined : compileCondition(text);
  if (condition?.kind === "condition") {
    try {
      return { value: { name: text, value: String(condition.holds(subject)), type: "bool", evaluateName: text } };
    } catch (error) {
      if (!(error instanceof ConditionFailure)) throw error;
      return { message: error.message };
    }
  }
  return evaluateAny(world, text, subject, target, result);
}

function subjectOf(world: World, target: InspectionTarget): Subject {
  const subject = new Subject(world);
  subject.look({ timeNs: world.nowNs, stage: target.stage, walker: target.packet, subject: target.packet });
  return subject;
}

function evaluateAny(
  world: World,
  text: string,
  subject: Subject,
  target: InspectionTarget,
  result: ProgramResult | null,
): Evaluated {
  const variables = { ...expectationContext(world, result).variables, ...packetVariables(subject, target) };
  try {
    const parsed = environment.parse(text);
    const { valid, error } = parsed.check();
    if (!valid) return failure(error, text, variableNames);
    const evaluation = run(parsed, { world, variables }, text);
    if (evaluation.kind === "error") return { message: explained(evaluation.message, text, subject) };
    return { value: valueInspection(text, evaluation.value, text) };
  } catch (error) {
    return failure(error, text, variableNames);
  }
}

/** A field that is not there is most often one of another kind of packet. */
function explained(message: string, text: string, subject: Subject): string {
  const root = /^\w+/.exec(text)?.[0] ?? "";
  if (!packetRoots.includes(root)) return message;
  if (subject.event.walker === 0) return `${message} No packet is in view: select a frame of one in the call stack.`;
  return message;
}

type Tree = { [name: string]: unknown };

/** Names as nested objects, with what the packet has: its headers as they are on the wire, of a tunnelled packet the outer ones. */
function packetVariables(subject: Subject, { data }: InspectionTarget): Tree {
  const tree: Tree = {};
  for (const root of packetRoots) tree[root] = null;
  for (const { fields } of data === null ? [] : layersOf(data))
    for (const { name, value } of fields)
      if (!isPut(tree, name.split("."))) put(tree, name.split("."), typeof value === "number" ? BigInt(value) : value);
  for (const [name, one] of conditionNames) {
    const value = readName(one, subject);
    if (value !== undefined && !isPut(tree, name.split("."))) put(tree, name.split("."), value);
  }
  return tree;
}

function isPut(tree: Tree, path: readonly string[]): boolean {
  let at: unknown = tree;
  for (const part of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return false;
    at = (at as Tree)[part];
  }
  return at !== null;
}

function put(tree: Tree, path: readonly string[], value: unknown): void {
  let at = tree;
  for (const part of path.slice(0, -1)) {
    if (typeof at[part] !== "object" || at[part] === null) at[part] = {};
    at = at[part] as Tree;
  }
  const last = path[path.length - 1];
  // `ip` alone is the whole header, where conditions take it for "is there one?".
  if (typeof at[last] !== "object" || at[last] === null) at[last] = value;
}

function readName(name: Name, subject: Subject): unknown {
  for (let level = 0; level < subject.levels; level++) {
    if (name.type === "either") return undefined;
    if (name.type === "string") {
      const text = name.read(subject, level);
      if (text !== undefined) return text;
      continue;
    }
    const number = name.read(subject, level);
    if (Number.isNaN(number)) continue;
    if (name.type === "address") return name.show(subject, level);
    if (name.type === "int") return BigInt(number);
    if (number === 1 || name.name.includes(".")) return number === 1;
  }
  return undefined;
}

/** A CEL value that opens up to its elements or fields, each with the expression that reads it. */
export function valueInspection(name: string, value: unknown, expression: string): Inspection {
  const type = typeName(value);
  const parts = partsOf(value);
  return {
    name,
    value: printValue(value),
    type,
    evaluateName: expression,
    ...(parts.length > 0 && {
      childCount: parts.length,
      children: () => parts.map(([part, inner, access]) => valueInspection(part, inner, `${expression}${access}`)),
    }),
  };
}

function partsOf(value: unknown): readonly (readonly [name: string, value: unknown, access: string])[] {
  if (Array.isArray(value)) return value.map((one, index) => [String(index), one, `[${index}]`]);
  if (value instanceof Map) return [...value].map(([key, one]) => [String(key), one, `[${JSON.stringify(key)}]`]);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).map(([key, one]) => [key, one, `.${key}`]);
}

function typeName(value: unknown): string {
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "double";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return "list";
  return value === null
    ? "null"
    : typeof value === "object"
      ? value.constructor.name.replace("Object", "map")
      : typeof value;
}
