import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type YAMLMap,
} from "yaml";
import type { SourceRange } from "../../base/source-range.ts";
import { closest } from "../../base/suggest.ts";
import type { Problems } from "../problems.ts";

/** One document of a manifest, and where its problems go. */
export interface ManifestContext {
  readonly uri: string;
  readonly lines: LineCounter;
  readonly document: Document;
  readonly problems: Problems;
}

/** The place of a stretch of a manifest. */
export function rangeAt({ uri, lines }: ManifestContext, start: number, end: number): SourceRange {
  const [from, to] = [lines.linePos(start), lines.linePos(Math.max(start, end))];
  return { uri, line: Math.max(1, from.line), column: Math.max(1, from.col), endLine: to.line, endColumn: to.col };
}

/** A value in a manifest with its place; each reader gives undefined, with a problem, where the value is of another type. */
export class Value {
  readonly range: SourceRange;
  /** `spec.ports[0].port`. */
  readonly path: string;
  readonly #context: ManifestContext;
  readonly #node: Node | null;

  constructor(context: ManifestContext, node: unknown, path: string, place: SourceRange) {
    this.#context = context;
    const resolved = isAlias(node) ? node.resolve(context.document) : node;
    this.#node = isNode(resolved) ? resolved : null;
    this.path = path;
    const range = isNode(node) ? node.range : undefined;
    this.range = range ? rangeAt(context, range[0], range[1]) : place;
  }

  /** `key:` with nothing behind it, which Kubernetes takes as not stated. */
  get isEmpty(): boolean {
    return this.#node === null || (isScalar(this.#node) && this.#node.value === null);
  }

  text(): string | undefined {
    return this.#scalar("string", "a text");
  }

  /** A whole number within bounds. */
  integer(minimum: number, maximum: number): number | undefined {
    const value = this.#scalar<number>("number", `a number from ${minimum} to ${maximum}`);
    if (value === undefined || (Number.isInteger(value) && value >= minimum && value <= maximum)) return value;
    this.refuse(`${value} is not a whole number from ${minimum} to ${maximum}.`);
    return undefined;
  }

  flag(): boolean | undefined {
    return this.#scalar("boolean", "true or false");
  }

  isNumber(): boolean {
    return isScalar(this.#node) && typeof this.#node.value === "number";
  }

  fields(): Fields | undefined {
    if (isMap(this.#node)) return new Fields(this.#context, this.#node, this.path, this.range);
    this.refuse("A map of fields belongs here.");
    return undefined;
  }

  list(): Value[] {
    if (!isSeq(this.#node)) {
      this.refuse("A list belongs here: lines that begin with -.");
      return [];
    }
    return this.#node.items.map((item, i) => new Value(this.#context, item, `${this.path}[${i}]`, this.range));
  }

  /** One of the words that the field can have. */
  choice<Word extends string>(words: readonly Word[]): Word | undefined {
    const text = this.text();
    const known = words.find((word) => word === text);
    if (text === undefined || known !== undefined) return known;
    const guess = closest(text, words);
    const fix = guess ? { title: `Change to ${guess}`, range: this.range, newText: guess } : undefined;
    const message = `${this.path} is one of ${words.join(", ")}, not "${text}".`;
    this.#context.problems.error("bad-field", this.range, message, fix);
    return undefined;
  }

  refuse(message: string): void {
    this.#context.problems.error("bad-field", this.range, this.path === "" ? message : `${this.path}: ${message}`);
  }

  warn(code: string, message: string): void {
    this.#context.problems.warning(code, this.range, message);
  }

  note(code: string, message: string): void {
    this.#context.problems.information(code, this.range, message);
  }

  #scalar<Type>(type: "string" | "number" | "boolean", what: string): Type | undefined {
    if (isScalar(this.#node) && typeof this.#node.value === type) return this.#node.value as Type;
    const quoted = type !== "string" && isScalar(this.#node) && typeof this.#node.value === "string";
    this.refuse(quoted ? `This must be ${what}, without quotes.` : `This must be ${what}.`);
    return undefined;
  }
}

/** The fields of a map. Those with a null value count as not stated, as in Kubernetes. */
export class Fields {
  /** The place of the map. */
  readonly range: SourceRange;
  readonly path: string;
  readonly #context: ManifestContext;
  readonly #values = new Map<string, { readonly value: Value; readonly key: SourceRange }>();

  constructor(context: ManifestContext, map: YAMLMap, path: string, place?: SourceRange) {
    this.#context = context;
    this.path = path;
    this.range = place ?? rangeAt(context, map.range?.[0] ?? 0, map.range?.[1] ?? 0);
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? String(key.value) : String(key);
      const keyRange = isNode(key) && key.range ? rangeAt(context, key.range[0], key.range[1]) : this.range;
      const child = new Value(context, value, path === "" ? name : `${path}.${name}`, keyRange);
      this.#values.set(name, { value: child, key: keyRange });
    }
  }

  get(name: string): Value | undefined {
    const value = this.#values.get(name)?.value;
    return value?.isEmpty ? undefined : value;
  }

  /** The place of a field's name. */
  keyRange(name: string): SourceRange {
    return this.#values.get(name)?.key ?? this.range;
  }

  text(name: string): string | undefined {
    return this.get(name)?.text();
  }

  integer(name: string, minimum: number, maximum: number): number | undefined {
    return this.get(name)?.integer(minimum, maximum);
  }

  flag(name: string): boolean | undefined {
    return this.get(name)?.flag();
  }

  choice<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    return this.get(name)?.choice(words);
  }

  fields(name: string): Fields | undefined {
    return this.get(name)?.fields();
  }

  /** Empty where the field is not stated. */
  list(name: string): Value[] {
    return this.get(name)?.list() ?? [];
  }

  /** Every field with a text for value. */
  texts(): Readonly<Record<string, string>> {
    const texts: Record<string, string> = {};
    for (const [name, { value }] of this.#values) {
      const text = value.isEmpty ? "" : value.text();
      if (text !== undefined) texts[name] = text;
    }
    return texts;
  }

  /** Warns about names that no such object has, which an API server would drop. */
  warnUnknown(known: readonly string[]): void {
    for (const [name, { key }] of this.#values) {
      if (known.includes(name)) continue;
      const guess = closest(name, known);
      const fix = guess ? { title: `Change to ${guess}`, range: key, newText: guess } : undefined;
      const where = this.path === "" ? "The object" : this.path;
      const message = `${where} has no field "${name}".${guess ? ` Did you mean ${guess}?` : ""}`;
      this.#context.problems.warning("unknown-field", key, message, fix);
    }
  }

  refuse(message: string, name?: string): void {
    const range = name === undefined ? this.range : this.keyRange(name);
    this.#context.problems.error("bad-field", range, message);
  }

  note(code: string, message: string, name: string): void {
    this.#context.problems.information(code, this.get(name)?.range ?? this.range, message);
  }
}
