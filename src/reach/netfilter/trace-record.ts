import type { Ending, RuleTrace, TriedRule } from "./flow.ts";

/** What a trace finds, as it goes. */
export class TraceRecord implements RuleTrace {
  readonly endings: Ending[] = [];
  readonly #tried = new Map<string, TriedRule>();

  get tried(): readonly TriedRule[] {
    return [...this.#tried.values()];
  }

  /** Notes that a rule was asked, and whether it matched on some way. */
  try(one: TriedRule): void {
    const key = `${one.program} ${one.table} ${one.chain} ${one.rule}`;
    const before = this.#tried.get(key);
    if (before === undefined || (one.matched && !before.matched)) this.#tried.set(key, one);
  }
}
