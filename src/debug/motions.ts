import type { Motion, MotionResult } from "../lab/api.ts";
import type { DebugEnvironment } from "./environment.ts";

/** How a motion came to its end. */
export type MotionEnd = Exclude<MotionResult, { kind: "more" }> | { readonly kind: "paused" };

export interface MotionListener {
  /** After every slice: time to pass on what was printed meanwhile. */
  onSlice(): void;
  onEnd(end: MotionEnd): void;
  /** A bug of the lab: the motion is over, and so is trust in the lab. */
  onFailure(error: unknown): void;
}

/** The longest that messages wait for an answer while packets move, in milliseconds. */
const sliceMs = 10;
const leastBatch = 16;
const largestBatch = 4096;

/**
 * Drives one motion at a time, in slices between which messages are handled. The number of events between two looks at
 * the clock follows the lab's speed.
 */
export class MotionDriver {
  private readonly environment: DebugEnvironment;
  private readonly listener: MotionListener;
  private current: { wish: "run" | "pause" | "cancel" } | undefined;
  private batch = leastBatch;

  constructor(environment: DebugEnvironment, listener: MotionListener) {
    this.environment = environment;
    this.listener = listener;
  }

  get running(): boolean {
    return this.current !== undefined;
  }

  /** The first slice comes after the messages that are waiting now, so the answer to the request goes out before it. */
  start(motion: Motion): void {
    const run = { wish: "run" as const };
    this.current = run;
    void this.drive(motion, run);
  }

  /** Ends the motion before its next event. */
  pause(): void {
    if (this.current?.wish === "run") this.current.wish = "pause";
  }

  /** Forgets the motion: nobody hears of its end. */
  cancel(): void {
    if (this.current) this.current.wish = "cancel";
    this.current = undefined;
  }

  private async drive(motion: Motion, run: { wish: "run" | "pause" | "cancel" }): Promise<void> {
    try {
      for (;;) {
        await this.environment.yieldToMessages();
        if (run.wish === "cancel") return;
        const end: MotionResult | MotionEnd = run.wish === "pause" ? { kind: "paused" } : this.slice(motion);
        if (end.kind === "more") {
          this.listener.onSlice();
          continue;
        }
        this.current = undefined;
        this.listener.onEnd(end);
        return;
      }
    } catch (error) {
      if (run.wish === "cancel") return;
      this.current = undefined;
      this.listener.onFailure(error);
    }
  }

  private slice(motion: Motion): MotionResult {
    const began = this.environment.now();
    let before = began;
    for (;;) {
      const result = motion.advance(this.batch);
      if (result.kind !== "more") return result;
      const after = this.environment.now();
      this.adapt(after - before);
      if (after - began >= sliceMs) return result;
      before = after;
    }
  }

  private adapt(batchMs: number): void {
    if (batchMs < sliceMs / 8) this.batch = Math.min(this.batch * 2, largestBatch);
    else if (batchMs > sliceMs / 3) this.batch = Math.max(this.batch >> 1, leastBatch);
  }
}
