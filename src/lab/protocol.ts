import type { SourceRange } from "../base/source-range.ts";

/**
 * The plain rows and events that every face shows: debug adapter, state view, command line, tests.
 * Nothing here has behaviour, so `views` may import these types in a browser.
 */

/** Thread 1 is the scenario; every other id is a packet in flight. */
export const scenarioThreadId = 1;

export interface ThreadRow {
  readonly id: number;
  /** `#12.1 ARP who-has 10.244.1.9 tell 10.244.1.2 @ node1/cbr0`. */
  readonly name: string;
}

export interface FrameRow {
  /** Unique among all frames for as long as the lab stands at this position. */
  readonly id: number;
  /** `bridge.flood @ node1/cbr0`. */
  readonly name: string;
  /** Absent for label frames and for what no line declared. */
  readonly source?: SourceRange;
  readonly hint: "normal" | "label";
  /** The recording can be taken back to it. */
  readonly canRestart?: boolean;
  /** The stage's name, absent for labels and statements. */
  readonly stage?: string;
  /** The network namespace that it happens in, by the name in `namespaces`; absent for labels and statements. */
  readonly netns?: string;
  /** What the stage is given, as a function its parameters; absent for labels and statements. */
  readonly parameters?: readonly FrameParameter[];
}

export interface FrameParameter {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

/** A named value with what is inside it; the children are made when asked for. */
export interface Inspection {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  /** How many children there are, where that is known without making them. */
  readonly childCount?: number;
  children?(): readonly Inspection[];
  /** The CEL expression that reads this value. */
  readonly evaluateName?: string;
  readonly changed?: boolean;
  /** Names bytes that can be read as memory, and perhaps written. */
  readonly memory?: string;
  /** By which id data breakpoints, edits and the timeline know it: that of a row of the state tree, or of one of its fields. */
  data?(): string;
}

/** Packet, Here, Namespace, Kernel, Changed. */
export interface ScopeRow {
  readonly name: string;
  /** Costly to fill: clients should not open it unasked. */
  readonly expensive: boolean;
  children(): readonly Inspection[];
}

export type StopReason =
  | "entry"
  | "step"
  | "breakpoint"
  | "function breakpoint"
  | "data breakpoint"
  | "exception"
  | "pause"
  | "loop"
  | "restart"
  | "goto";

/** Why the lab stands still. */
export interface Stop {
  readonly reason: StopReason;
  readonly threadId: number;
  /** One plain sentence, shown to the user. */
  readonly description: string;
  /** The lab's ids of the breakpoints that were hit. */
  readonly breakpointIds: readonly number[];
}

/** What a breakpoint asks for beside its place. */
export interface BreakpointWish {
  /** In CEL, with Wireshark's names; must hold for the breakpoint to be hit. */
  readonly condition?: string;
  /** `5`, `>= 5`, `% 3`. */
  readonly hitCondition?: string;
  /** Printed instead of stopping; values in braces. */
  readonly logMessage?: string;
}

export interface LineBreakpoint extends BreakpointWish {
  readonly line: number;
  /** Which of the things on the line is meant; absent: the first. */
  readonly column?: number;
}

export interface FunctionBreakpoint extends BreakpointWish {
  readonly name: string;
}

/** Stops at what goes wrong; `filter` is one of `exceptionFilters`. */
export interface ExceptionBreakpoint extends BreakpointWish {
  readonly filter: string;
}

export interface BreakpointRow {
  readonly id: number;
  readonly verified: boolean;
  /** Why it could not bind; or what it bound to. */
  readonly message?: string;
  readonly source?: SourceRange;
}

/** A read-only text that the run makes, whose lines frames and breakpoints can refer to. */
export interface GeneratedDocument {
  /** `k8snet:/node1.iptables-save`. */
  readonly uri: string;
  readonly text: string;
}

/** A line the run prints: a program's output, the result of an expectation, a note of the lab. */
export interface OutputRow {
  readonly category: "stdout" | "stderr" | "console";
  readonly text: string;
  readonly source?: SourceRange;
  /** Set where the line reports an expectation. */
  readonly expectation?: "held" | "failed";
}

export type ChangeMark = "added" | "updated" | "removed";

/** One row of the state tree, with a stable id, so that views keep what is open across stops. */
export interface TreeRow {
  readonly id: string;
  readonly kind: "node" | "netns" | "interface" | "table" | "row" | "more";
  /** Codicon name without the `$()`. */
  readonly icon: string;
  readonly label: string;
  readonly description: string;
  readonly expandable: boolean;
  /** Open at first. */
  readonly open: boolean;
  /** What the last step did to this row, or to one below it (`updated`). */
  readonly change?: ChangeMark;
  readonly source?: SourceRange;
}

/** Where the lab stands; sent with every refresh of a view. */
export interface PositionRow {
  readonly scenario: string;
  /** Events taken so far. */
  readonly event: number;
  readonly timeNs: number;
  readonly ended: boolean;
}
