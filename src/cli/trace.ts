import { formatPlace } from "../base/source-range.ts";
import type { EventView } from "../lab/observe.ts";
import type { OutputRow } from "../lab/protocol.ts";
import type { SourceFile } from "./source-file.ts";
import type { Terminal } from "./terminal.ts";

export interface Outcome {
  readonly held: number;
  readonly failed: number;
}

/** How a run is shown, scenario by scenario. What goes wrong goes to standard error in every form. */
export interface Trace {
  /** False where only what programs print and what expectations say is shown. */
  readonly wantsEvents: boolean;
  begin(scenario: string): void;
  /** Another statement runs now. */
  statement(text: string): void;
  /** About to happen. */
  event(event: EventView): void;
  output(row: OutputRow): void;
  end(outcome: Outcome): void;
}

/** What the programs print, and the results. */
export class NoTrace implements Trace {
  readonly wantsEvents: boolean = false;
  protected readonly file: SourceFile;
  protected readonly terminal: Terminal;
  protected scenario = "";

  constructor(file: SourceFile, terminal: Terminal) {
    this.file = file;
    this.terminal = terminal;
  }

  begin(scenario: string): void {
    this.scenario = scenario;
  }

  statement(_text: string): void {}

  event(_event: EventView): void {}

  output(row: OutputRow): void {
    if (row.category === "stderr") this.terminal.error(formatComplaint(row, this.file));
    else this.terminal.out(withNewline(row.text));
  }

  end(outcome: Outcome): void {
    this.terminal.out(formatOutcome(this.scenario, outcome));
  }
}

/** One line for each stage of each packet: time, packet, stage, place, what the packet carries. */
export class TextTrace extends NoTrace {
  override readonly wantsEvents = true;

  override begin(scenario: string): void {
    super.begin(scenario);
    this.terminal.out(`== scenario "${scenario}"\n`);
  }

  override statement(text: string): void {
    this.terminal.out(`== ${text}\n`);
  }

  override event(event: EventView): void {
    // Its heading says it better.
    if (event.stage === "statement") return;
    const columns = [
      (event.timeNs / 1e9).toFixed(6).padStart(12),
      (event.packet ?? "").padEnd(7),
      event.stage.padEnd(18),
      (event.place ?? "").padEnd(16),
      event.text ?? "",
      event.dropReason ?? "",
    ];
    this.terminal.out(`${columns.join(" ").trimEnd()}\n`);
  }
}

/** One JSON object in each line of standard output, for programs to read. */
export class JsonTrace extends NoTrace {
  override readonly wantsEvents = true;

  override event(event: EventView): void {
    const { index, timeNs, stage, packet, place, text, dropReason } = event;
    this.line({ kind: "event", event: index, timeNs, stage, packet, place, text, dropReason });
  }

  override statement(text: string): void {
    this.line({ kind: "statement", text });
  }

  override output(row: OutputRow): void {
    const { text, category, expectation, source } = row;
    this.line({ kind: "output", text, category, expectation, line: source?.line });
    if (category === "stderr") this.terminal.error(formatComplaint(row, this.file));
  }

  override end(outcome: Outcome): void {
    this.line({ kind: "result", ...outcome });
  }

  private line(fields: object): void {
    this.terminal.out(`${JSON.stringify({ scenario: this.scenario, ...fields })}\n`);
  }
}

/** `file:line:col: failed: expect …`. */
export function formatComplaint({ text, source }: OutputRow, file: SourceFile): string {
  return withNewline(source === undefined ? text : `${formatPlace(source, file.name)}: ${text}`);
}

export function formatOutcome(scenario: string, { held, failed }: Outcome): string {
  const total = held + failed;
  const what =
    failed > 0
      ? `${failed} of ${total} expectation${total === 1 ? "" : "s"} failed`
      : total === 0
        ? "done, nothing was expected"
        : `${total} expectation${total === 1 ? "" : "s"} held`;
  return `scenario "${scenario}": ${what}\n`;
}

export function withNewline(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
