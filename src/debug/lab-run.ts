import type { DebugLab, Motion } from "../lab/api.ts";
import type { Stop, StopReason } from "../lab/protocol.ts";
import type { Recording } from "../lab/recording/recording.ts";
import type { Breakpoints } from "./breakpoints.ts";
import type { ClientFormat } from "./client-format.ts";
import type { DebugEnvironment } from "./environment.ts";
import { StopInspection } from "./inspection.ts";
import type { LaunchArguments, OpenedProgram } from "./launch.ts";
import { MotionDriver, type MotionEnd } from "./motions.ts";
import { consoleLine, toOutputBodies } from "./output.ts";
import { notStopped, RequestError } from "./request-error.ts";
import { RefreshLimit, type StateEventBody } from "./views.ts";

/** Clients show this beside the name of the thread, which a sentence would push out of sight. */
const stopWords: Record<StopReason, string> = {
  entry: "At the beginning",
  step: "Paused on step",
  breakpoint: "Paused on breakpoint",
  "function breakpoint": "Paused on breakpoint",
  "data breakpoint": "Paused on data breakpoint",
  pause: "Paused",
  exception: "Paused on exception",
  loop: "Forwarding loop",
  restart: "Back in this frame",
  goto: "At another moment",
};

export interface RunContext {
  readonly format: ClientFormat;
  readonly environment: DebugEnvironment;
  readonly breakpoints: Breakpoints;
  sendEvent(name: string, body?: object): void;
}

/**
 * One opened lab on its way from launch to end: it starts the lab's motions and tells the client where they lead.
 * Restart makes a new one.
 */
export class LabRun {
  readonly lab: DebugLab;
  readonly launch: LaunchArguments;
  readonly inspection: StopInspection;
  /** The most threads that one answer lists. */
  maxThreads: number;
  private readonly context: RunContext;
  private readonly driver: MotionDriver;
  private readonly refreshes = new RefreshLimit();
  private readonly notes: readonly string[];
  private readonly toReplay: Recording | undefined;
  private state: "prepared" | "started" | "over" = "prepared";
  private summaryPrinted = false;
  private standsAtEnd = false;

  constructor(opened: OpenedProgram, launch: LaunchArguments, context: RunContext) {
    this.lab = opened.lab;
    this.notes = opened.notes;
    this.toReplay = opened.recording;
    this.launch = launch;
    this.maxThreads = launch.maxThreads;
    this.context = context;
    this.inspection = new StopInspection(context.format, (data) => opened.lab.hand.isSettable(data));
    this.driver = new MotionDriver(context.environment, {
      onSlice: () => this.refresh(),
      onEnd: (end) => this.arrive(end),
      onFailure: (error) => this.fail(error),
    });
  }

  get started(): boolean {
    return this.state !== "prepared";
  }

  get over(): boolean {
    return this.state === "over";
  }

  /** Gives the lab its breakpoints and the client its first view of it. */
  prepare(): void {
    if (this.launch.noDebug) this.context.breakpoints.unbind("The program runs without debugging");
    else this.context.breakpoints.bindTo(this.lab);
    for (const note of this.notes) this.context.sendEvent("output", consoleLine(note));
    this.sendState("launched");
  }

  /** The scenario begins: the lab stands before its first event if so asked, else it runs. */
  start(): void {
    this.state = "started";
    if (this.toReplay !== undefined) this.driver.start(this.lab.recording.replay(this.toReplay));
    else if (this.launch.stopOnEntry && !this.launch.noDebug) this.stop(this.lab.stopHere("entry"));
    else this.driver.start(this.lab.continue());
  }

  /** Starts a motion; the answer to the request goes out before its first event. */
  resume(direction: "forward" | "backward" | "anywhere", make: (lab: DebugLab) => Motion): void {
    this.assertStarted();
    if (this.driver.running) throw notStopped();
    this.inspection.forget();
    const motion = make(this.lab);
    if (direction !== "forward") this.standsAtEnd = false;
    this.driver.start(motion);
  }

  /** Stops before the next event. Where the lab stands already its stop has been told. */
  pause(): void {
    this.assertStarted();
    this.driver.pause();
  }

  /** Ends the run wherever it is, without another event. */
  abandon(): void {
    this.driver.cancel();
    this.inspection.forget();
    this.state = "over";
  }

  /** Throws unless the lab stands still, for all that can be looked at only then. */
  assertStanding(): void {
    this.assertStarted();
    if (this.driver.running) throw notStopped();
  }

  /** Somebody changed the world by hand: what was shown is old, and where the end was there may be none. */
  changed(): void {
    this.inspection.forget();
    this.flushOutput();
    if (!this.lab.position().ended) this.standsAtEnd = false;
    this.sendState("stopped");
  }

  private assertStarted(): void {
    if (this.state === "prepared") throw new RequestError("The program has not started: configurationDone comes first");
    if (this.state === "over") throw new RequestError("The program has ended");
  }

  private arrive(end: MotionEnd): void {
    switch (end.kind) {
      case "stopped":
        if (this.launch.noDebug) this.driver.start(this.lab.continue());
        else this.stop(end.stop);
        break;
      case "paused":
        this.stop(this.lab.stopHere("pause"));
        break;
      case "ended":
        this.reachEnd();
    }
  }

  private stop(stop: Stop, description: string = stopWords[stop.reason]): void {
    this.flushOutput();
    if (stop.reason === "loop") this.context.sendEvent("output", consoleLine(stop.description));
    this.context.sendEvent("stopped", {
      reason: stop.reason,
      description,
      text: stop.description,
      threadId: stop.threadId,
      allThreadsStopped: true,
      hitBreakpointIds: this.context.breakpoints.clientIds(stop.breakpointIds),
    });
    this.sendState("stopped");
  }

  private reachEnd(): void {
    this.flushOutput();
    if (!this.summaryPrinted) this.printSummary();
    const stays = this.launch.stopAtEnd && !this.launch.noDebug && !this.standsAtEnd;
    if (stays) this.stopAtEnd();
    else this.finish();
  }

  /** From here the next motion forward ends the session. */
  private stopAtEnd(): void {
    this.standsAtEnd = true;
    const description = "The scenario is over: step back, or continue to end the session";
    this.stop({ ...this.lab.stopHere("pause"), description }, "At the end");
  }

  private finish(): void {
    this.sendState("ended");
    this.state = "over";
    this.inspection.forget();
    this.context.sendEvent("exited", { exitCode: this.lab.expectations().failed > 0 ? 1 : 0 });
    this.context.sendEvent("terminated");
  }

  private printSummary(): void {
    this.summaryPrinted = true;
    const { held, failed } = this.lab.expectations();
    const output = `${this.lab.position().scenario}: ${held} held, ${failed} failed\n`;
    this.context.sendEvent("output", { category: failed > 0 ? "stderr" : "stdout", output });
  }

  private fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.abandon();
    this.context.sendEvent("output", { category: "stderr", output: `The session ends: ${reason}\n` });
    this.context.sendEvent("terminated");
  }

  private refresh(): void {
    this.flushOutput();
    if (this.refreshes.allows(this.context.environment.now())) this.sendState("running");
  }

  private flushOutput(): void {
    for (const body of toOutputBodies(this.lab.takeOutput(), this.context.format)) {
      this.context.sendEvent("output", body);
    }
  }

  private sendState(reason: StateEventBody["reason"]): void {
    const body: StateEventBody = { position: this.lab.position(), reason };
    this.context.sendEvent("k8snet/state", body);
  }
}
