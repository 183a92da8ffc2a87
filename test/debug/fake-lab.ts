import type { OpenLab } from "../../src/debug/server.ts";
import type { DebugLab, Motion, MotionResult } from "../../src/lab/api.ts";
import type {
  BreakpointRow,
  FunctionBreakpoint,
  Inspection,
  LineBreakpoint,
  OutputRow,
  Stop,
  StopReason,
} from "../../src/lab/protocol.ts";

/**
 * A lab of one line per event, for what a real lab shows too rarely or too slowly: endless runs, hundreds of threads,
 * large tables, a bug in the lab. It knows no network; the lines are
 *
 *     12 arp.request pod1/eth0     packet 12 is in that stage at that place
 *     print TEXT                   the statement prints
 *     held TEXT / failed TEXT      the result of an expectation
 *     bug                          the lab throws
 *     repeat N                     everything above happens N times
 *     error TEXT                   the file does not compile
 */
export const openFakeLab: OpenLab = ({ uri, text, scenario }) => {
  const lines = text.split("\n").map((line) => line.trim());
  const errors = lines.flatMap((line, index) =>
    line.startsWith("error ") ? [{ line: index + 1, text: line.slice(6) }] : [],
  );
  if (errors.length > 0) {
    const diagnostics = errors.map((one) => ({
      severity: "error" as const,
      message: one.text,
      code: "fake",
      range: { uri, line: one.line, column: 1, endLine: one.line, endColumn: 2 },
    }));
    return { kind: "invalid", diagnostics };
  }
  if (scenario !== undefined && scenario !== "fake") return { kind: "unknown scenario", scenarios: ["fake"] };
  return { kind: "opened", lab: new FakeLab(uri, lines), diagnostics: [] };
};

interface FakeEvent {
  readonly line: number;
  readonly thread: number;
  readonly stage: string;
  readonly place: string;
}

class FakeLab implements DebugLab {
  namespaces() {
    return { rows: [], total: 0 };
  }
  stepStage(threadId: number): Motion {
    return this.stepInto(threadId);
  }
  readonly futures = { list: () => [] };
  readonly memory = { read: () => undefined, write: () => "a fake lab has no packets" };
  readonly inline = { values: () => [] };
  readonly threadFilter = { set: () => "a fake lab has no packets", current: { show: "all" as const } };
  readonly console = {
    run: () => ({ kind: "problem" as const, message: "a fake lab has no console" }),
    look: () => ({ kind: "problem" as const, message: "a fake lab knows no names" }),
    complete: () => [],
  };
  readonly why = {
    explain: () => ({ problem: "a fake lab knows no reasons" }),
    cures: async () => [],
    ask: async () => ({ problem: "a fake lab knows no reasons" }),
    failed: () => [],
  };
  readonly stageNames = ["arp.request", "arp.reply", "bridge.flood", "bridge.forward"];
  private readonly uri: string;
  private readonly events: readonly FakeEvent[];
  private readonly total: number;
  private at = 0;
  private furthest = 0;
  private nextBreakpoint = 1;
  private readonly lines = new Map<string, readonly BreakpointRow[]>();
  private functions: readonly (BreakpointRow & { name: string })[] = [];
  private output: OutputRow[] = [];
  private held = 0;
  private failed = 0;

  constructor(uri: string, lines: readonly string[]) {
    this.uri = uri;
    this.events = lines.flatMap((text, index) => {
      const [first = "", stage = "", place = ""] = text.split(" ");
      if (/^\d+$/.test(first)) return [{ line: index + 1, thread: Number(first), stage, place }];
      const isStatement = ["print", "held", "failed", "bug"].includes(first);
      return isStatement ? [{ line: index + 1, thread: 1, stage: first, place: text.slice(first.length + 1) }] : [];
    });
    const repeat = lines.find((line) => line.startsWith("repeat "));
    this.total = this.events.length * Number(repeat?.slice("repeat ".length) ?? 1);
  }

  position() {
    return { scenario: "fake", event: this.at, timeNs: this.at * 1000, ended: this.at >= this.total };
  }

  threads(limit: number) {
    const ids = [...new Set([1, ...this.events.map((event) => event.thread)])];
    return { threads: ids.slice(0, limit).map((id) => ({ id, name: `#${id}` })), total: ids.length };
  }

  hasThread(threadId: number) {
    return this.stack(threadId, 0, 1).total > 0;
  }

  setExceptionBreakpoints() {
    return [];
  }

  readonly dataBreakpoints = {
    watchable: () => ({ message: "A fake lab has no data" }),
    set: () => [],
  };

  breakpointLocations() {
    return [];
  }

  exceptionAt() {
    return undefined;
  }

  restartFrame() {
    return undefined;
  }

  readonly hand = {
    apply: () => "A fake lab cannot be changed",
    isSettable: () => false,
    dataOf: () => undefined,
    valueOf: () => undefined,
    settableFields: () => ({}),
    made: [],
  };

  readonly recording = {
    take: () => ({ message: "A fake lab cannot be saved" }),
    replay: () => this.continue(),
  };

  readonly timeline = {
    goTo: () => ({ message: "A fake lab has no timeline" }),
    lastChange: () => ({ message: "A fake lab has no timeline" }),
    statementTargets: () => [],
    goToStatement: () => ({ message: "A fake lab has no timeline" }),
    checkpoints: [],
    setCheckpoint: () => ({ name: "none", event: 0, timeNs: 0, description: "", state: "" }),
    keepCheckpoints: () => {},
    goToCheckpoint: () => ({ message: "A fake lab has no timeline" }),
    deleteCheckpoint: () => false,
  };

  stepTargets() {
    return [];
  }

  document() {
    return undefined;
  }

  generatedDocuments() {
    return [];
  }

  stack(threadId: number, start: number, levels: number) {
    const past: { index: number; event: FakeEvent }[] = [];
    for (let index = Math.min(this.at, this.total - 1); index >= 0 && past.length < 1000; index--) {
      const event = this.event(index);
      if (event.thread === threadId) past.push({ index, event });
    }
    const frames = past.map(({ index, event }) => ({
      id: index + 1,
      name: `${event.stage} @ ${event.place}`,
      source: this.range(event.line),
      hint: "normal" as const,
      stage: event.stage,
    }));
    const label = { id: 1_000_000_000 + threadId, name: "caused by the scenario", hint: "label" as const };
    const known = threadId === 1 || past.length > 0;
    const all = known ? [...frames, label] : [];
    return { frames: all.slice(start, start + levels), total: all.length };
  }

  scopes(threadId: number, frameId: number) {
    return [{ name: "Packet", expensive: false, children: () => packetFields(threadId, frameId) }];
  }

  setLineBreakpoints(uri: string, lines: readonly (number | LineBreakpoint)[]) {
    const rows = lines.map((asked): BreakpointRow => {
      const line = typeof asked === "number" ? asked : asked.line;
      const id = this.nextBreakpoint++;
      const bound = uri === this.uri && this.events.some((event) => event.line === line);
      if (bound) return { id, verified: true, source: this.range(line) };
      return { id, verified: false, message: `Nothing on line ${line} meets a packet` };
    });
    this.lines.set(uri, rows);
    return rows;
  }

  setFunctionBreakpoints(names: readonly (string | FunctionBreakpoint)[]) {
    this.functions = names.map((asked) => {
      const name = typeof asked === "string" ? asked : asked.name;
      const verified = this.stageNames.includes(name);
      return { id: this.nextBreakpoint++, name, verified, message: verified ? undefined : `There is no stage ${name}` };
    });
    return this.functions;
  }

  continue = () => this.forward(() => false, 1);
  stepInto = (threadId: number) => this.forward(() => true, threadId);
  stepOver = (threadId: number) => this.forward((event) => event.thread === threadId, threadId);
  stepOut = (threadId: number) => this.forward((event) => event.thread === 1, threadId);
  stepBack = (threadId: number) => this.backward(() => true, threadId);
  reverseContinue = () => this.backward(() => false, 1);

  stopHere(reason: StopReason): Stop {
    const threadId = this.at < this.total ? this.event(this.at).thread : 1;
    return { reason, threadId, description: `Before event ${this.at + 1}`, breakpointIds: [] };
  }

  takeOutput() {
    const taken = this.output;
    this.output = [];
    return taken;
  }

  expectations() {
    return { held: this.held, failed: this.failed };
  }

  tree(parentId: string, limit: number) {
    const row = { kind: "node" as const, icon: "server", description: "", expandable: true, open: false };
    const rows = this.events.map((event, index) => ({
      ...row,
      id: `${parentId}/${index}`,
      label: event.place,
      source: this.range(event.line),
    }));
    return rows.slice(0, limit);
  }

  private event(index: number): FakeEvent {
    return this.events[index % this.events.length]!;
  }

  private range(line: number) {
    return { uri: this.uri, line, column: 1, endLine: line, endColumn: 10 };
  }

  private forward(arrived: (event: FakeEvent) => boolean, threadId: number): Motion {
    const takeOne = (): MotionResult => {
      if (this.at >= this.total) return { kind: "ended" };
      this.take(this.event(this.at++));
      if (this.at >= this.total) return { kind: "ended" };
      return this.stopAt(arrived(this.event(this.at)), threadId);
    };
    return repeated(takeOne);
  }

  private backward(arrived: (event: FakeEvent) => boolean, threadId: number): Motion {
    const takeOne = (): MotionResult => {
      if (this.at === 0) return { kind: "stopped", stop: { ...this.stopHere("entry"), threadId: 1 } };
      this.at--;
      return this.stopAt(arrived(this.event(this.at)), threadId);
    };
    return repeated(takeOne);
  }

  private take(event: FakeEvent): void {
    if (event.stage === "bug") throw new Error("k8snet bug: a fake one");
    if (this.at <= this.furthest) return;
    this.furthest = this.at;
    if (event.stage === "held") this.held++;
    if (event.stage === "failed") this.failed++;
    const verdict = event.stage === "held" || event.stage === "failed" ? event.stage : undefined;
    if (!verdict && event.stage !== "print") return;
    this.output.push({ category: "stdout", text: event.place, source: this.range(event.line), expectation: verdict });
  }

  private stopAt(stepDone: boolean, threadId: number): MotionResult {
    const { line, stage } = this.event(this.at);
    const byLine = (this.lines.get(this.uri) ?? []).filter((one) => one.verified && one.source?.line === line);
    const byName = this.functions.filter((one) => one.verified && one.name === stage);
    if (byLine.length + byName.length > 0) {
      const reason = byLine.length > 0 ? "breakpoint" : "function breakpoint";
      const breakpointIds = [...byLine, ...byName].map((one) => one.id);
      return { kind: "stopped", stop: { ...this.stopHere(reason), breakpointIds } };
    }
    return stepDone ? { kind: "stopped", stop: { ...this.stopHere("step"), threadId } } : { kind: "more" };
  }
}

function repeated(takeOne: () => MotionResult): Motion {
  return {
    advance(maxEvents) {
      for (let count = 0; count < maxEvents; count++) {
        const result = takeOne();
        if (result.kind !== "more") return result;
      }
      return { kind: "more" };
    },
  };
}

/** A packet of one layer, whose last field is a table of 250 rows. */
function packetFields(threadId: number, frameId: number): readonly Inspection[] {
  const rows = Array.from({ length: 250 }, (_, index) => ({ name: `[${index}]`, value: `row ${index}` }));
  return [
    { name: "frame", value: String(frameId), type: "number" },
    {
      name: "eth",
      value: `packet ${threadId}`,
      childCount: 1,
      children: () => [{ name: "eth.type", value: "0x0806" }],
    },
    { name: "table", value: "250 rows", childCount: 250, children: () => rows },
  ];
}
