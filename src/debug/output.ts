import type { DebugProtocol } from "@vscode/debugprotocol";
import type { OutputRow } from "../lab/protocol.ts";
import type { ClientFormat } from "./client-format.ts";

type OutputBody = DebugProtocol.OutputEvent["body"];

/**
 * Output events for the lines that the lab printed: neighbouring lines of one statement travel together, with the line
 * that printed them.
 */
export function toOutputBodies(rows: readonly OutputRow[], format: ClientFormat): OutputBody[] {
  const bodies: OutputBody[] = [];
  let previous: OutputRow | undefined;
  for (const row of rows) {
    const last = bodies.at(-1);
    if (last && previous && belongTogether(previous, row)) last.output += coloured(row, format);
    else bodies.push(toOutputBody(row, format));
    previous = row;
  }
  return bodies;
}

export function consoleLine(text: string): OutputBody {
  return { category: "console", output: endedLine(text) };
}

function toOutputBody(row: OutputRow, format: ClientFormat): OutputBody {
  const output = coloured(row, format);
  if (!row.source) return { category: categoryOf(row), output };
  const { source, line, column } = format.toPlace(row.source);
  return { category: categoryOf(row), output, source, line, column };
}

const colours = { failed: 31, held: 32 } as const;

/** The results of expectations stand out, for a client that shows colours. */
function coloured({ text, expectation }: OutputRow, format: ClientFormat): string {
  if (expectation === undefined || !format.showsColours) return endedLine(text);
  return endedLine(`\u001b[${colours[expectation]}m${text}\u001b[0m`);
}

function categoryOf(row: OutputRow): "stdout" | "stderr" | "console" {
  return row.expectation === "failed" ? "stderr" : row.category;
}

function belongTogether(a: OutputRow, b: OutputRow): boolean {
  return (
    categoryOf(a) === categoryOf(b) &&
    a.source?.uri === b.source?.uri &&
    a.source?.line === b.source?.line &&
    a.source?.column === b.source?.column
  );
}

function endedLine(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
