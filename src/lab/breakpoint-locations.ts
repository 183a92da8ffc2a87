import type { SourceRange } from "../base/source-range.ts";
import type { DeclaredPlace, NetworkPlan } from "../plan/plan.ts";
import { type Documents, generatedScheme } from "./documents/documents.ts";

/** Where breakpoints can be set from one line to another, the last one included; also in the documents that the run makes. */
export function breakpointLocations(
  plan: NetworkPlan,
  documents: Documents,
  uri: string,
  firstLine: number,
  lastLine: number,
): readonly SourceRange[] {
  // A recorded program is a generated document, too.
  if (!uri.startsWith(generatedScheme) || plan.places.some(({ source }) => source.uri === uri))
    return plan.places
      .map(({ source }) => source)
      .filter((one) => one.uri === uri && one.line >= firstLine && one.line <= lastLine)
      .sort((one, other) => one.line - other.line || one.column - other.column);
  const document = documents.walked(uri);
  if (document === undefined) return [];
  const locations: SourceRange[] = [];
  const end = Math.min(lastLine, document.text.split("\n").length);
  for (let line = firstLine; line <= end; line++)
    if (document.canStopAt(line)) locations.push(document.rangeOfLine(line));
  return locations;
}

/** What a breakpoint on a line stands for; with a column, what begins there or last before it. */
export function placeOnLine(
  plan: NetworkPlan,
  uri: string,
  line: number,
  column: number | undefined,
): DeclaredPlace | undefined {
  const places = plan.places.filter(({ source }) => source.line === line && source.uri === uri);
  if (column === undefined) return places[0];
  const before = places.filter(({ source }) => source.column <= column);
  return before.length === 0 ? places[0] : before.reduce((a, b) => (b.source.column > a.source.column ? b : a));
}
