import type { Arguments } from "../arguments.ts";
import type { Breakpoints } from "../breakpoints.ts";
import type { ClientFormat } from "../client-format.ts";
import type { DebugEnvironment } from "../environment.ts";
import type { LabRun } from "../lab-run.ts";
import type { Progress } from "../progress.ts";

/** What a request is answered with, and what happens once the answer is on its way. */
export interface Answer {
  readonly body?: object;
  afterwards?(): void;
}

export type Handler = (args: Arguments) => Answer | Promise<Answer>;

/** Handlers by the command that they answer. */
export type Handlers = Readonly<Record<string, Handler>>;

/** What the handlers of a session share. */
export interface RequestContext {
  readonly environment: DebugEnvironment;
  readonly format: ClientFormat;
  readonly stops: Breakpoints;
  /** The run that is open; a `RequestError` where there is none. */
  opened(): LabRun;
  /** The run, where it stands still; a `RequestError` where packets move. */
  standing(): LabRun;
  emitEvent(name: string, body?: object): void;
  /** For the request that is being handled now, before it awaits anything: tells how it gets on, and whether it was cancelled. */
  progress(title: string): Progress;
  /** Somebody changed the world by hand: what the client has been shown of this stop is old. */
  invalidate(): void;
}
