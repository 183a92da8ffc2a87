import type { SourceRange } from "../../base/source-range.ts";

/** A rule of the simulated kernel by its chain's row and its place there; one past the last stands for the policy. */
export interface RulePlace {
  readonly chain: number;
  readonly rule: number;
}

/** A line of a document; `chain` is a row, 0 where the line is about none. */
export interface DocumentLine {
  readonly text: string;
  readonly chain: number;
  /** The rule's place in its chain; undefined: the chain's head. */
  readonly rule: number | undefined;
}

/** The rules of a namespace, as a document whose lines packets walk. */
export class RuleDocument {
  readonly uri: string;
  readonly text: string;
  private readonly lineOf = new Map<string, number>();
  private readonly places: readonly (RulePlace | undefined)[];
  private readonly widths: readonly number[];

  constructor(uri: string, lines: readonly DocumentLine[]) {
    this.uri = uri;
    this.text = lines.map(({ text }) => `${text}\n`).join("");
    this.widths = lines.map(({ text }) => text.length);
    this.places = lines.map(({ chain, rule }, index) => {
      if (chain === 0) return undefined;
      this.lineOf.set(key(chain, rule ?? policyRule), index + 1);
      return { chain, rule: rule ?? policyRule };
    });
  }

  /** The line of a rule, of a chain's head where the policy decides. */
  rangeOf({ chain, rule }: RulePlace): SourceRange | undefined {
    const line = this.lineOf.get(key(chain, rule)) ?? this.lineOf.get(key(chain, policyRule));
    return line === undefined ? undefined : this.rangeOfLine(line);
  }

  /** What stands on a line, counted from 1: a rule, or a chain's head (`rule` is `policyRule`). */
  placeAt(line: number): RulePlace | undefined {
    return this.places[line - 1];
  }

  canStopAt(line: number): boolean {
    return this.placeAt(line) !== undefined;
  }

  rangeOfLine(line: number): SourceRange {
    return { uri: this.uri, line, column: 1, endLine: line, endColumn: (this.widths[line - 1] ?? 0) + 1 };
  }
}

/** In place of a rule's number: the head of its chain. */
export const policyRule = -1;

function key(chain: number, rule: number): string {
  return `${chain}/${rule}`;
}
