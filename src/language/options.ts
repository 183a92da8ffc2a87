import type { Problems } from "./problems.ts";
import type { Token } from "./source.ts";
import { readDurationNs, readNumber, readPort } from "./values.ts";

/** What a named option takes. */
export type OptionKind =
  | { readonly kind: "flag" }
  | { readonly kind: "text" }
  | { readonly kind: "duration" }
  | { readonly kind: "port" }
  | { readonly kind: "number"; readonly minimum: number; readonly maximum: number };

export type OptionKinds = Readonly<Record<string, OptionKind>>;

/** The values by option name; durations in nanoseconds, flags true. */
export type OptionValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** Reads `name value name value flag …`; says what is unknown, twice there, or without its value. */
export function readOptions(
  tokens: readonly Token[],
  kinds: OptionKinds,
  owner: string,
  problems: Problems,
): OptionValues {
  const values: Record<string, string | number | boolean | undefined> = {};
  for (let i = 0; i < tokens.length; i++) {
    const name = tokens[i];
    const kind = Object.hasOwn(kinds, name.text) && !name.quoted ? kinds[name.text] : undefined;
    if (kind === undefined) {
      problems.unknown(
        "unknown-option",
        name.range,
        name.text,
        `${owner} has no option "${name.text}".`,
        Object.keys(kinds),
      );
      const following = tokens[i + 1];
      if (following && !Object.hasOwn(kinds, following.text)) i++;
      continue;
    }
    if (Object.hasOwn(values, name.text)) {
      problems.error("repeated-option", name.range, `The option ${name.text} stands here twice.`);
    }
    if (kind.kind === "flag") {
      values[name.text] = true;
      continue;
    }
    const value = tokens[++i];
    if (value === undefined) {
      problems.error("missing-value", name.range, `The value of ${name.text} is missing.`);
      continue;
    }
    values[name.text] = readValue(value, kind, problems);
  }
  return values;
}

function readValue(token: Token, kind: OptionKind, problems: Problems): string | number | undefined {
  switch (kind.kind) {
    case "duration":
      return readDurationNs(token, problems);
    case "port":
      return readPort(token, problems);
    case "number":
      return readNumber(token, problems, kind.minimum, kind.maximum);
    default:
      return token.text;
  }
}
