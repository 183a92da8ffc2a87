import { RequestError } from "./request-error.ts";

/**
 * The `arguments` of a request as they came over the wire: nothing about them is trusted. Every reader names the
 * argument that is missing or of the wrong type.
 */
export class Arguments {
  private readonly values: Readonly<Record<string, unknown>>;
  /** Put before the name in messages, `breakpoints[2].`. */
  private readonly prefix: string;

  constructor(raw: unknown, prefix = "") {
    if (raw !== undefined && !isRecord(raw)) throw new RequestError(`${prefix || "arguments"} must be an object`);
    this.values = raw ?? {};
    this.prefix = prefix;
  }

  string(name: string): string {
    return this.optionalString(name) ?? this.missing(name, "a string");
  }

  optionalString(name: string): string | undefined {
    return this.typed(name, "a string", (value) => typeof value === "string") as string | undefined;
  }

  optionalBoolean(name: string): boolean | undefined {
    return this.typed(name, "a boolean", (value) => typeof value === "boolean") as boolean | undefined;
  }

  integer(name: string): number {
    return this.optionalInteger(name) ?? this.missing(name, "an integer");
  }

  optionalInteger(name: string, least = Number.MIN_SAFE_INTEGER): number | undefined {
    const what = least === Number.MIN_SAFE_INTEGER ? "an integer" : `an integer of at least ${least}`;
    const accepts = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= least;
    return this.typed(name, what, accepts) as number | undefined;
  }

  /** The objects of a list, each with its own readers. */
  optionalObjects(name: string): readonly Arguments[] | undefined {
    const list = this.optionalList(name);
    return list?.map((value, index) => {
      const place = `${this.prefix}${name}[${index}]`;
      if (!isRecord(value)) throw new RequestError(`${place} must be an object`);
      return new Arguments(value, `${place}.`);
    });
  }

  optionalList(name: string): readonly unknown[] | undefined {
    return this.typed(name, "a list", Array.isArray) as readonly unknown[] | undefined;
  }

  object(name: string): Arguments {
    return this.optionalObject(name) ?? this.missing(name, "an object");
  }

  optionalObject(name: string): Arguments | undefined {
    const value = this.typed(name, "an object", isRecord);
    return value === undefined ? undefined : new Arguments(value, `${this.prefix}${name}.`);
  }

  /** Null counts as absent: several clients write unset options so. */
  private typed(name: string, what: string, accepts: (value: unknown) => boolean): unknown {
    const value = Object.hasOwn(this.values, name) ? this.values[name] : undefined;
    if (value === undefined || value === null) return undefined;
    if (!accepts(value)) throw new RequestError(`${this.prefix}${name} must be ${what}`);
    return value;
  }

  private missing(name: string, what: string): never {
    throw new RequestError(`${this.prefix}${name} is missing: it must be ${what}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
