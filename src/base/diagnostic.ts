import type { SourceRange } from "./source-range.ts";

export type Severity = "error" | "warning" | "information";

/** One replacement of text that would mend what a diagnostic complains about. */
export interface DiagnosticFix {
  readonly title: string;
  readonly range: SourceRange;
  readonly newText: string;
}

/** What is wrong with an input, where, and where there is one, the fix. */
export interface Diagnostic {
  readonly severity: Severity;
  readonly message: string;
  readonly range: SourceRange;
  /** Stable kebab-case name of the rule, such as `duplicate-address`. */
  readonly code: string;
  readonly fix?: DiagnosticFix;
}
