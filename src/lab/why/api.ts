import type { Expect, Statement } from "../../plan/statements.ts";
import type { Cure, Explanation, WhyAnswer } from "./explanation.ts";

export type { Cure, Explanation, TextEdit, Tried, WhyAnswer } from "./explanation.ts";

/** Why something cannot be asked, in one sentence. */
export interface NoAnswer {
  readonly problem: string;
}

/** "Why not?" of a lab: the decision, what was tried, and the smallest change of the file that would have let it pass. */
export interface Why {
  /**
   * Explains a packet (`#12.1`, or `thread 13`), a statement (its line, `63` or `line 63`, or its text; `thread 1` is the current one),
   * or, for the empty subject, the packet that the lab stands before. The lab stands where it stood.
   */
  explain(subject: string | Statement): Explanation | NoAnswer;
  /**
   * Tries the ideas of an explanation on the file, smallest first, and keeps those that help, two at most. Each runs the scenario
   * of the changed file in a lab of its own, with a bounded number of events; `breathe` is called in between.
   */
  cures(explanation: Explanation, breathe: () => Promise<void>): Promise<readonly Cure[]>;
  /** Both, and the text that console and command line print. */
  ask(subject: string | Statement, breathe: () => Promise<void>): Promise<WhyAnswer | NoAnswer>;
  /** Expectations that failed so far. */
  failed(): readonly Expect[];
}
