import type { EventView, TappedFrame } from "../lab/observe.ts";
import type { OutputRow } from "../lab/protocol.ts";
import type { NetworkPlan } from "../plan/plan.ts";
import type { Statement } from "../plan/statements.ts";
import { FrameTracer, traceLine } from "../wire/frame-trace.ts";
import type { SourceFile } from "./source-file.ts";
import type { Terminal } from "./terminal.ts";
import { formatComplaint, formatOutcome, type Outcome, type Trace, withNewline } from "./trace.ts";

/**
 * One line for each frame that passes an interface, as captures of a real kernel are printed; all else goes to
 * standard error. A scenario's frames are printed at its end: sequence numbers are shown relative to the
 * connections that were seen in all of it.
 */
export class FrameTrace implements Trace {
  readonly wantsEvents = true;
  private readonly file: SourceFile;
  private readonly terminal: Terminal;
  private readonly mentionedPorts: ReadonlySet<number>;
  private scenario = "";
  private statements = 0;
  private seen: (string | TappedFrame)[] = [];

  constructor(file: SourceFile, plan: NetworkPlan, terminal: Terminal) {
    this.file = file;
    this.terminal = terminal;
    this.mentionedPorts = new Set(portsOf(plan));
  }

  begin(scenario: string): void {
    this.scenario = scenario;
    this.statements = 0;
    this.seen = [`# ${scenario}`];
  }

  statement(text: string): void {
    this.seen.push(`== [${++this.statements}] ${text}`);
  }

  event(event: EventView): void {
    if (event.frame !== undefined) this.seen.push(event.frame);
  }

  output(row: OutputRow): void {
    this.terminal.error(row.category === "stderr" ? formatComplaint(row, this.file) : withNewline(row.text));
  }

  end(outcome: Outcome): void {
    const tracer = new FrameTracer((port) => this.mentionedPorts.has(port));
    for (const one of this.seen) if (typeof one !== "string") tracer.observe(one.frame);
    for (const one of this.seen) {
      const line = typeof one === "string" ? one : traceLine(one.device, one.direction, tracer.line(one.frame));
      this.terminal.out(`${line}\n`);
    }
    this.seen = [];
    this.terminal.error(formatOutcome(this.scenario, outcome));
  }
}

/** The ports that the file names; any other one is the kernel's choice. */
function* portsOf(plan: NetworkPlan): Iterable<number> {
  for (const command of plan.setUp()) if (command.do === "listen") yield command.port;
  for (const scenario of plan.scenarios) yield* portsOfStatements(scenario.statements);
}

function* portsOfStatements(statements: readonly Statement[]): Iterable<number> {
  for (const statement of statements) {
    if (statement.do === "parallel") yield* portsOfStatements(statement.statements);
    if ("port" in statement) yield statement.port;
    if ("sourcePort" in statement && statement.sourcePort !== undefined) yield statement.sourcePort;
  }
}
