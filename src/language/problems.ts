import type { Diagnostic, DiagnosticFix, Severity } from "../base/diagnostic.ts";
import type { SourceRange } from "../base/source-range.ts";
import { closest } from "../base/suggest.ts";

/** How many diagnostics of one file are kept: nobody reads more, and junk would have one per line. */
const maximumDiagnostics = 200;

/** Collects what is wrong with one file. */
export class Problems {
  readonly #uri: string;
  readonly #found: Diagnostic[] = [];
  #dropped = 0;

  constructor(uri: string) {
    this.#uri = uri;
  }

  error(code: string, range: SourceRange, message: string, fix?: DiagnosticFix): void {
    this.#add("error", code, range, message, fix);
  }

  warning(code: string, range: SourceRange, message: string, fix?: DiagnosticFix): void {
    this.#add("warning", code, range, message, fix);
  }

  information(code: string, range: SourceRange, message: string): void {
    this.#add("information", code, range, message);
  }

  /** An error about a word that is close to one that could stand there: the sentence asks, the fix replaces it. */
  unknown(code: string, range: SourceRange, word: string, message: string, known: Iterable<string>): void {
    const guess = closest(word, known);
    if (guess === undefined) return this.error(code, range, message);
    const fix = { title: `Change to ${guess}`, range, newText: guess };
    this.error(code, range, `${message} Did you mean ${guess}?`, fix);
  }

  include(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      this.#add(diagnostic.severity, diagnostic.code, diagnostic.range, diagnostic.message, diagnostic.fix);
    }
  }

  /** Drops all but the first ones of a rule, where more follow from one cause; tells how many are left. */
  keepFirst(code: string, count: number): number {
    let kept = 0;
    for (const diagnostic of this.list()) {
      if (diagnostic.code !== code) continue;
      if (kept < count) kept++;
      else this.#found.splice(this.#found.indexOf(diagnostic), 1);
    }
    return kept;
  }

  /** In the order of the file; what is wrong with files that it imports comes behind. */
  list(): readonly Diagnostic[] {
    const sorted = [...this.#found].sort((a, b) => this.#compare(a.range, b.range));
    if (this.#dropped === 0) return sorted;
    const range = { uri: this.#uri, line: 1, column: 1, endLine: 1, endColumn: 1 };
    const message = `${this.#dropped} more problems are not listed.`;
    return [...sorted, { severity: "error", code: "too-many-problems", range, message }];
  }

  #compare(a: SourceRange, b: SourceRange): number {
    if (a.uri !== b.uri) return a.uri === this.#uri ? -1 : b.uri === this.#uri ? 1 : a.uri < b.uri ? -1 : 1;
    return a.line - b.line || a.column - b.column;
  }

  #add(severity: Severity, code: string, range: SourceRange, message: string, fix?: DiagnosticFix): void {
    if (this.#found.length >= maximumDiagnostics) {
      this.#dropped++;
      return;
    }
    const problem = { severity, code, range, message: shortened(message), ...(fix && { fix }) };
    if (!this.#found.some((other) => isSame(other, problem))) this.#found.push(problem);
  }
}

/** A value that is read twice is complained about once. */
function isSame(one: Diagnostic, other: Diagnostic): boolean {
  const [a, b] = [one.range, other.range];
  return one.message === other.message && a.line === b.line && a.column === b.column && a.uri === b.uri;
}

/** Quoted words of a file can be as long as the file. */
function shortened(message: string): string {
  return message.replace(/"([^"]{64})[^"]+"/g, '"$1…"');
}
