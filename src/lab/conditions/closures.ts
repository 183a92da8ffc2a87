import type { ASTNode, Environment } from "@marcbachmann/cel-js";
import { serialize } from "@marcbachmann/cel-js";
import { closest } from "../../base/suggest.ts";
import { stageNames } from "../../linux/stage.ts";
import { run } from "../expressions/compile.ts";
import { printValue } from "../expressions/print-value.ts";
import { comparison } from "./comparison.ts";
import { conditionNames, type Name } from "./names.ts";
import { nameOf } from "./rewrite.ts";
import type { Subject } from "./subject.ts";
import type { Value } from "./values.ts";

/** What is wrong with a condition beyond its types. */
export class ConditionProblem extends Error {
  readonly node: ASTNode | undefined;
  constructor(message: string, node?: ASTNode) {
    super(message);
    this.node = node;
  }
}

/** A condition that could not be answered for one event. */
export class ConditionFailure extends Error {}

type Truth = (subject: Subject) => boolean;

/** Compiles one expression. `chosen` is the half of names like `ip.addr` that is compared. */
class Compiler {
  private readonly environment: Environment;
  private readonly chosen: 0 | 1;

  constructor(environment: Environment, chosen: 0 | 1) {
    this.environment = environment;
    this.chosen = chosen;
  }

  truth(node: ASTNode): Truth {
    switch (node.op) {
      case "&&":
      case "||": {
        const [left, right] = node.args.map((operand) => this.truth(operand));
        return node.op === "&&" ? (s) => left(s) && right(s) : (s) => left(s) || right(s);
      }
      case "!_": {
        const operand = this.truth(node.args);
        return (s) => !operand(s);
      }
      case "?:": {
        const [test, then, otherwise] = node.args.map((operand) => this.truth(operand));
        return (s) => (test(s) ? then(s) : otherwise(s));
      }
      default:
        return this.atom(node);
    }
  }

  /** A part that is asked at every level of the headers, and for both halves of names like `ip.addr`. */
  private atom(node: ASTNode): Truth {
    const own = this.plainAtom(node);
    if (this.chosen === 1 || !hasEither(node)) return own;
    const other = new Compiler(this.environment, 1).plainAtom(node);
    return node.op === "!=" ? (s) => own(s) && other(s) : (s) => own(s) || other(s);
  }

  private plainAtom(node: ASTNode): Truth {
    const compared = this.comparison(node) ?? this.textTest(node);
    if (compared !== undefined) return compared;
    const value = this.plainValue(node);
    if (value?.type === "bool") return anyLevel((s, level) => value.read(s, level) === 1);
    return this.asked(node);
  }

  private comparison(node: ASTNode): Truth | undefined {
    switch (node.op) {
      case "==":
      case "!=":
      case "<":
      case "<=":
      case ">":
      case ">=": {
        const [left, right] = node.args.map((operand) => this.plainValue(operand));
        if (left === undefined || right === undefined) return undefined;
        this.checkStage(node, left, right);
        return this.checked(node, () => comparison(node.op as "==", left, right));
      }
      case "in": {
        const [item, list] = node.args;
        const left = this.plainValue(item);
        if (left === undefined || list.op !== "list") return undefined;
        const rights = list.args.map((element) => this.plainValue(element));
        if (rights.some((right) => right === undefined)) return undefined;
        const tests = (rights as Value[]).map((right) => this.checked(node, () => comparison("==", left, right)));
        if (tests.some((test) => test === undefined)) return undefined;
        return (s) => tests.some((test) => (test as Truth)(s));
      }
      default:
        return undefined;
    }
  }

  private checked<T>(node: ASTNode, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (error instanceof RangeError) throw new ConditionProblem(error.message, node);
      throw error;
    }
  }

  /** A stage that does not exist would never match, and nobody would be told. */
  private checkStage(node: ASTNode, left: Value, right: Value): void {
    for (const [one, other] of [
      [left, right],
      [right, left],
    ]) {
      if (one.type !== "string" || one.isStage !== true || other.type !== "string") continue;
      const { literal } = other;
      if (literal === undefined || stageNames.includes(literal)) continue;
      const meant = closest(literal, stageNames.slice(1));
      const hint = meant === undefined ? "" : ` Did you mean "${meant}"?`;
      throw new ConditionProblem(`There is no stage called "${literal}".${hint}`, node);
    }
  }

  /** `startsWith` and the like, of a string that is known without asking the library. */
  private textTest(node: ASTNode): Truth | undefined {
    if (node.op !== "rcall") return undefined;
    const [name, receiver, [argument]] = node.args;
    const value = this.plainValue(receiver);
    if (value === undefined || argument?.op !== "value" || typeof argument.args !== "string") return undefined;
    const read = value.type === "string" ? value.read : value.show;
    const test = textTests[name];
    if (read === undefined || test === undefined) return undefined;
    const wanted = argument.args;
    return anyLevel((s, level) => {
      const text = read(s, level);
      return text !== undefined && test(text, wanted);
    });
  }

  plainValue(node: ASTNode): Value | undefined {
    switch (node.op) {
      case "value":
        return literal(node.args);
      case "id":
        return this.named(node.args);
      case "-_": {
        const operand = this.plainValue(node.args);
        if (operand?.type !== "number" || operand.address !== undefined) return undefined;
        return { type: "number", read: (s, level) => -operand.read(s, level) };
      }
      case "+":
      case "-":
      case "*":
        return this.arithmetic(node.op, node.args);
      default:
        return undefined;
    }
  }

  private arithmetic(operator: "+" | "-" | "*", args: readonly ASTNode[]): Value | undefined {
    const [left, right] = args.map((operand) => this.plainValue(operand));
    if (left?.type !== "number" || right?.type !== "number") return undefined;
    if (left.address !== undefined || right.address !== undefined) return undefined;
    if (operator === "+") return { type: "number", read: (s, level) => left.read(s, level) + right.read(s, level) };
    if (operator === "-") return { type: "number", read: (s, level) => left.read(s, level) - right.read(s, level) };
    return { type: "number", read: (s, level) => left.read(s, level) * right.read(s, level) };
  }

  private named(identifier: string): Value | undefined {
    const name = nameIn(identifier, this.chosen);
    if (name === undefined || name.type === "either") return undefined;
    if (name.type === "string") return { type: "string", read: name.read, isStage: name.name === "stage" };
    if (name.type === "address") return { type: "number", read: name.read, show: name.show, address: name.kind };
    return { type: name.type === "int" ? "number" : "bool", read: name.read };
  }

  /** What the closures do not know is asked of the library, with the values that it needs. */
  asked(node: ASTNode): Truth {
    const value = this.askedValue(node);
    return anyLevel((s, level) => value(s, level) === true);
  }

  askedValue(node: ASTNode): (subject: Subject, level: number) => unknown {
    const text = serialize(node);
    const parsed = this.environment.parse(text);
    const needed = [...identifiersIn(node)].map((id) => ({ id, value: this.named(id) as Value }));
    return (subject, level) => {
      const variables: Record<string, unknown> = {};
      for (const { id, value } of needed) {
        const found = celValue(value, subject, level);
        if (found === undefined) return undefined;
        variables[id] = found;
      }
      const evaluation = run(parsed, { world: subject.world, variables }, text);
      if (evaluation.kind === "error") throw new ConditionFailure(evaluation.message);
      return evaluation.value;
    };
  }
}

const textTests: Readonly<Record<string, (text: string, wanted: string) => boolean>> = {
  startsWith: (text, wanted) => text.startsWith(wanted),
  endsWith: (text, wanted) => text.endsWith(wanted),
  contains: (text, wanted) => text.includes(wanted),
};

export function truthOf(node: ASTNode, environment: Environment): Truth {
  return new Compiler(environment, 0).truth(node);
}

/** The value that a log message prints. */
export function printedValueOf(node: ASTNode, environment: Environment): Value {
  const compiler = new Compiler(environment, 0);
  const plain = compiler.plainValue(node);
  if (plain !== undefined) return plain;
  const asked = compiler.askedValue(node);
  return {
    type: "string",
    read: (subject, level) => {
      const value = asked(subject, level);
      return value === undefined ? undefined : typeof value === "string" ? value : printValue(value);
    },
  };
}

function anyLevel(test: (subject: Subject, level: number) => boolean): Truth {
  return (subject) => {
    for (let level = 0; level < subject.levels; level++) if (test(subject, level)) return true;
    return false;
  };
}

function nameIn(identifier: string, chosen: 0 | 1): Name | undefined {
  const name = conditionNames.get(nameOf(identifier) ?? identifier);
  return name?.type === "either" ? conditionNames.get(name.of[chosen]) : name;
}

function literal(value: unknown): Value | undefined {
  if (typeof value === "bigint" || typeof value === "number") {
    const number = Number(value);
    return { type: "number", read: () => number, literal: number };
  }
  if (typeof value === "boolean") return { type: "bool", read: () => (value ? 1 : 0), literal: value ? 1 : 0 };
  if (typeof value === "string") return { type: "string", read: () => value, literal: value };
  return undefined;
}

function celValue(value: Value, subject: Subject, level: number): unknown {
  if (value.type === "string") return value.read(subject, level);
  if (value.show !== undefined) return value.show(subject, level);
  const number = value.read(subject, level);
  if (Number.isNaN(number)) return undefined;
  return value.type === "bool" ? number === 1 : BigInt(number);
}

function hasEither(node: ASTNode): boolean {
  for (const id of identifiersIn(node)) if (conditionNames.get(nameOf(id) ?? id)?.type === "either") return true;
  return false;
}

/** Names of ours in a part of an expression; a macro's own variables are not among them. */
function identifiersIn(node: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(node)) for (const one of node) identifiersIn(one, found);
  else if (isNode(node)) {
    if (node.op === "id" && nameIn(node.args, 0) !== undefined) found.add(node.args);
    else if (node.op !== "value") identifiersIn(node.args, found);
  }
  return found;
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value;
}
