import type { SourceRange } from "../base/source-range.ts";
import type { ConsoleFacet } from "./console/api.ts";
import type { DataBreakpointFacet } from "./data/api.ts";
import type { HandFacet } from "./edits/api.ts";
import type { Futures } from "./futures/api.ts";
import type { InlineFacet } from "./inline/api.ts";
import type { NamespaceRow } from "./inspect/modules.ts";
import type { MemoryFacet } from "./memory/api.ts";
import type {
  BreakpointRow,
  ExceptionBreakpoint,
  FrameRow,
  FunctionBreakpoint,
  GeneratedDocument,
  LineBreakpoint,
  OutputRow,
  PositionRow,
  ScopeRow,
  Stop,
  StopReason,
  ThreadRow,
  TreeRow,
} from "./protocol.ts";
import type { RecordingFacet } from "./recording/api.ts";
import type { ThreadFilterFacet } from "./threads/api.ts";
import type { TimelineFacet } from "./timeline/api.ts";
import type { Why } from "./why/api.ts";

/** A movement through the recording that is under way. It never runs on by itself: whoever drives it calls `advance` again. */
export interface Motion {
  /** Takes (or takes back) at most `maxEvents` events. */
  advance(maxEvents: number): MotionResult;
}

export type MotionResult =
  | { readonly kind: "more" }
  | { readonly kind: "stopped"; readonly stop: Stop }
  /** The scenario is over; the lab stands after its last event and can still go back. */
  | { readonly kind: "ended" };

/** One run of one scenario, as the debugger sees it. */
export interface DebugLab {
  position(): PositionRow;

  threads(limit: number): { readonly threads: readonly ThreadRow[]; readonly total: number };
  /** Whether this is the scenario's, or that of a packet in flight or just gone. */
  hasThread(threadId: number): boolean;

  /** Newest frame first. Empty for a thread that is no longer there. */
  stack(
    threadId: number,
    start: number,
    levels: number,
  ): { readonly frames: readonly FrameRow[]; readonly total: number };
  scopes(threadId: number, frameId: number): readonly ScopeRow[];

  /** Replaces the line breakpoints of one document. Answers in the order asked. */
  setLineBreakpoints(uri: string, lines: readonly (number | LineBreakpoint)[]): readonly BreakpointRow[];
  /** Where breakpoints can be set between two lines, both included. */
  breakpointLocations(uri: string, firstLine: number, lastLine: number): readonly SourceRange[];
  /** Replaces the function breakpoints: stage names, `*` allowed, optionally `@place`. */
  setExceptionBreakpoints(filters: readonly ExceptionBreakpoint[]): readonly BreakpointRow[];
  /** What is wrong with the packet that the lab stands before; undefined where nothing is, or where it is another thread's. */
  exceptionAt(threadId: number): { readonly id: string; readonly description: string } | undefined;
  readonly dataBreakpoints: DataBreakpointFacet;
  setFunctionBreakpoints(names: readonly (string | FunctionBreakpoint)[]): readonly BreakpointRow[];
  /** What may come next, where Linux leaves the order open. */
  readonly futures: Futures;
  /** Values at the ends of lines. */
  readonly inline: InlineFacet;
  /** Which packets are listed as threads. */
  readonly threadFilter: ThreadFilterFacet;
  /** The bytes of packets. */
  readonly memory: MemoryFacet;
  /** What somebody types, and names that somebody points at. */
  readonly console: ConsoleFacet;
  /** Why something came as it did, and what would have let it pass. */
  readonly why: Why;
  /** Every stage name, for completion. */
  readonly stageNames: readonly string[];

  /** To the next breakpoint, or the end. */
  continue(): Motion;
  /** Back to the previous breakpoint hit, or the beginning (reason `entry`). */
  reverseContinue(): Motion;
  /** `target` is one of `stepTargets`. */
  stepInto(threadId: number, target?: number): Motion;
  /** Where the packet's next step may lead, if there is a choice: copies of a flood, endpoints of a Service. */
  stepTargets(threadId: number): readonly string[];
  stepOver(threadId: number): Motion;
  stepOut(threadId: number): Motion;
  /** The packet's next event; `stage` takes the rules of a hook as one. */
  stepStage(threadId: number, size: "stage" | "rule"): Motion;
  /** Network namespaces, oldest first. */
  namespaces(start: number, count: number): { readonly rows: readonly NamespaceRow[]; readonly total: number };
  /** `stage`: all rules of a hook in one. */
  stepBack(threadId: number, size?: "stage" | "rule"): Motion;
  /** Back to the moment when the packet was in that frame; undefined for a frame that stands for no event. */
  restartFrame(frameId: number): Motion | undefined;
  /** Changes by hand, as part of the recording. A packet's number is its thread's id less 1. */
  readonly hand: HandFacet;
  readonly timeline: TimelineFacet;
  readonly recording: RecordingFacet;
  /** Describes where the lab stands as a stop, for entry and pause. */
  stopHere(reason: StopReason): Stop;

  /** A read-only document that the run makes, such as a node's rules; undefined where there is none of that name. */
  document(uri: string): GeneratedDocument | undefined;
  /** All of them as they are now. */
  generatedDocuments(): readonly GeneratedDocument[];

  /** Lines printed since the last call while moving forward for the first time; replays do not print again. */
  takeOutput(): readonly OutputRow[];
  /** Null once every expectation held so far; counts for the exit code. */
  expectations(): { readonly held: number; readonly failed: number };

  /** The state tree: children of a row, `""` for the roots. At most `limit` rows, then one of kind `more`. */
  tree(parentId: string, limit: number): readonly TreeRow[];
}
