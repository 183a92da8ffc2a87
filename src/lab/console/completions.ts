import type { ConsoleCompletion } from "./api.ts";
import { commands } from "./commands.ts";
import { completeCommand } from "./complete-command.ts";
import { completeExpression } from "./complete-expression.ts";
import type { CompletionContext, Proposal } from "./completion-context.ts";
import { namespacesOf, verbs } from "./completion-context.ts";

/** More proposals than these nobody reads. */
const mostProposals = 200;

/** What could be written at a column of a line, counted from 0: only what begins with the letters before it. */
export function completionsOf(context: CompletionContext, line: string, column: number): readonly ConsoleCompletion[] {
  const before = line.slice(0, column);
  const { prefix, proposals } = proposalsAt(context, before);
  const typed = prefix.toLowerCase();
  const fitting = proposals.filter(({ label }) => label.toLowerCase().startsWith(typed) && label !== prefix);
  const unique = [...new Map(fitting.map((one) => [one.label, one])).values()];
  return unique.slice(0, mostProposals).map((one) => ({ ...one, start: column - prefix.length, end: column }));
}

function proposalsAt(
  context: CompletionContext,
  before: string,
): { readonly prefix: string; readonly proposals: readonly Proposal[] } {
  const words = before.split(/\s+/);
  const isFirst = words.length === 1;
  const isCommand = commands.some(({ name }) => name === words[0]) || words[0] === "sudo" || verbs.includes(words[0]);
  if (!isFirst && isCommand) return { prefix: words[words.length - 1], proposals: completeCommand(context, words) };
  const expression = completeExpression(context, before);
  if (!isFirst || before.includes("(")) return expression;
  return { prefix: expression.prefix, proposals: [...firstWords(context), ...expression.proposals] };
}

function firstWords(context: CompletionContext): readonly Proposal[] {
  return [
    ...commands.map(({ name, summary }): Proposal => ({ label: name, detail: summary, kind: "command" })),
    ...verbs.map((label): Proposal => ({ label, detail: "a statement", kind: "command" })),
    { label: "why", detail: "explains a lost packet or a statement", kind: "command" },
    { label: "help", detail: "lists the commands", kind: "command" },
    ...namespacesOf(context),
  ];
}
