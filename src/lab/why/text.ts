import { formatPlace } from "../../base/source-range.ts";
import type { Cure, Explanation, TextEdit } from "./explanation.ts";

/** More than this, and the beginning is out of sight. */
const mostTried = 60;

/** The answer as lines: the decision, what was tried, what is to know besides, what helps. */
export function whyText(explanation: Explanation, cures: readonly Cure[]): string {
  const { subject, decision, tried, related } = explanation;
  const left = tried.length - mostTried;
  return [
    `${subject}: ${decision}`,
    ...section("tried", tried.slice(-mostTried), ({ what, missed }) => `${what} — ${missed}`),
    ...(left > 0 ? [`    (and ${left} before these)`] : []),
    ...section("to know", related, (line) => line),
    ...section("cure", cures, cureText),
    ...(cures.length === 0 && explanation.ideas.length > 0 ? ["  no single change that was tried let it pass"] : []),
  ].join("\n");
}

function section<Row>(title: string, rows: readonly Row[], print: (row: Row) => string): readonly string[] {
  return rows.length === 0 ? [] : [`  ${title}:`, ...rows.map((row) => `    ${print(row)}`)];
}

function cureText({ title, seen, edits }: Cure): string {
  return `${title} (${editPlaces(edits)}; tried: ${seen})`;
}

function editPlaces(edits: readonly TextEdit[]): string {
  return edits.map(({ range }) => formatPlace({ ...range, uri: baseName(range.uri) })).join(", ");
}

function baseName(uri: string): string {
  return uri.slice(uri.lastIndexOf("/") + 1);
}
