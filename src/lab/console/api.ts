import type { Inspection } from "../protocol.ts";

/** What somebody looks at while typing: a thread, and a frame of its stack. */
export interface ConsoleView {
  readonly threadId: number;
  /** Absent: the thread's newest. */
  readonly frameId?: number;
}

export type ConsoleAnswer =
  /** What the command printed; `changed` where it changed the recording. */
  | { readonly kind: "text"; readonly text: string; readonly changed: boolean }
  /** The value of an expression, or what a name stands for. */
  | { readonly kind: "value"; readonly value: Inspection }
  /** Why it cannot be, as the program would say it where there is one. */
  | { readonly kind: "problem"; readonly message: string };

export interface ConsoleCompletion {
  readonly label: string;
  readonly detail?: string;
  readonly kind: "command" | "option" | "netns" | "device" | "address" | "function" | "field" | "stage" | "value";
  /** The characters that it takes the place of, counted from 0; the end is exclusive. */
  readonly start: number;
  readonly end: number;
}

/**
 * The Debug Console: the commands of Linux and Kubernetes administrators against the world where the lab stands, and CEL
 * expressions. What changes or sends becomes part of the recording.
 */
export interface ConsoleFacet {
  run(line: string, view: ConsoleView): ConsoleAnswer;
  /** What an expression or a name (`pod1`, `10.244.1.9`, a Service) stands for, without commands: for hovers and watches. */
  look(text: string, view: ConsoleView): ConsoleAnswer;
  complete(line: string, column: number, view: ConsoleView): readonly ConsoleCompletion[];
}
