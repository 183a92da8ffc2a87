import { formatPlace } from "../base/source-range.ts";
import { printTuple } from "../lab/inspect/print-connection.ts";
import type { ComparedRow } from "./compare-frames.ts";
import type { Difference, ScenarioVerdict } from "./verify-scenario.ts";

/** Differences of one scenario that are shown in full; the rest is counted. One frame too many is seen at many interfaces. */
const shown = { choice: 1, frames: 1, output: 1, table: 2 } as const;

/** What came of one scenario, for people: a line, and for each difference where it is and both sides. */
export function formatVerdict(verdict: ScenarioVerdict, fileName: string): string {
  const { scenario, differences, notes, kept } = verdict;
  const first = (["choice", "frames", "output", "table"] as const).flatMap((kind) =>
    differences.filter((difference) => difference.kind === kind).slice(0, shown[kind]),
  );
  const rest = differences.length - first.length;
  const lines = [
    `${fileName}: scenario "${scenario.name}": ${summary(verdict)}`,
    ...notes.map((note) => `  not compared: ${note}`),
    ...first.map((difference) => formatDifference(difference, verdict, fileName)),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    ...(kept === undefined ? [] : keptLines(kept)),
  ];
  return `${lines.join("\n")}\n`;
}

function summary({ differences, frames, statements, notes }: ScenarioVerdict): string {
  if (differences.length > 0) return `${count(differences.length, "difference")}`;
  if (frames === 0 && notes.length > 0) return "not comparable";
  return `equal (${count(frames, "frame")}, the tables after ${count(statements, "statement")})`;
}

function formatDifference(difference: Difference, { scenario }: ScenarioVerdict, fileName: string): string {
  const place = formatPlace(difference.statement?.source ?? scenario.source, fileName);
  const during = difference.statement === undefined ? "before the first statement" : difference.statement.text;
  return [`${place}: different: ${subject(difference)}, ${during}`, ...sideBySide(rowsOf(difference))].join("\n");
}

function subject(difference: Difference): string {
  switch (difference.kind) {
    case "frames":
      return `frames at ${difference.frames.device} ${difference.frames.direction}`;
    case "table":
      return difference.table.table;
    case "output":
      return "what it printed";
    case "choice":
      return `what Linux chose for a connection of ${difference.choice.netns}`;
  }
}

function rowsOf(difference: Difference): readonly ComparedRow[] {
  if (difference.kind === "frames") return difference.frames.rows;
  if (difference.kind === "choice") {
    const { original, linux, simulated } = difference.choice;
    const asked = printTuple(original);
    const answered = { linux: `  ${printTuple(linux)}`, simulated: `  ${printTuple(simulated)}` };
    return [{ linux: asked, simulated: asked }, answered];
  }
  const { linux, simulated } = difference.kind === "table" ? difference.table : difference;
  const length = Math.max(linux.length, simulated.length);
  return Array.from({ length }, (_, i) => ({ linux: linux[i], simulated: simulated[i] }));
}

/** Two columns; `|` between lines that differ, `<` and `>` where one side has none, as diff --side-by-side does. */
function sideBySide(rows: readonly ComparedRow[]): readonly string[] {
  const width = Math.max("Linux".length, ...rows.map(({ linux = "" }) => linux.length));
  const line = (left: string, mark: string, right: string) => `  ${left.padEnd(width)} ${mark} ${right}`.trimEnd();
  return [
    line("Linux", " ", "k8snet"),
    ...rows.map(({ linux, simulated }) => {
      const mark = linux === simulated ? " " : linux === undefined ? ">" : simulated === undefined ? "<" : "|";
      return line(linux ?? "", mark, simulated ?? "");
    }),
  ];
}

function keptLines({ namespaces, captures }: NonNullable<ScenarioVerdict["kept"]>): readonly string[] {
  return [
    `  captures kept in ${captures}`,
    ...namespaces.map((name) => `  kept: ip netns exec ${name} sh; ip netns del ${name} removes it`),
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
