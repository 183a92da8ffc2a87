import { DebugSession, Event, Response } from "@vscode/debugadapter";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { scenarioThreadId } from "../lab/protocol.ts";
import { Arguments } from "./arguments.ts";
import { Breakpoints } from "./breakpoints.ts";
import { capabilities } from "./capabilities.ts";
import { ClientFormat } from "./client-format.ts";
import type { DebugEnvironment } from "./environment.ts";
import { LabRun } from "./lab-run.ts";
import { type LaunchArguments, openProgram, parseAttachArguments, parseLaunchArguments } from "./launch.ts";
import { consoleLine } from "./output.ts";
import { PendingRequests } from "./pending.ts";
import { Progress } from "./progress.ts";
import { RequestError } from "./request-error.ts";
import { breakpointRequests } from "./requests/breakpoints.ts";
import { consoleRequests } from "./requests/console.ts";
import { editRequests } from "./requests/edits.ts";
import { lookRequests } from "./requests/looks.ts";
import { memoryRequests } from "./requests/memory.ts";
import { motionRequests } from "./requests/motions.ts";
import type { Answer, Handler, Handlers, RequestContext } from "./requests/request.ts";
import { timelineRequests } from "./requests/timeline.ts";
import { viewRequests } from "./requests/views.ts";
import { whyRequests } from "./requests/why.ts";

/**
 * One client's session. The library frames and numbers the messages; requests go through the tables in `requests/` instead of
 * the library's virtual methods, whose defaults answer "success" to what was never done. Every request gets exactly
 * one answer, and whatever goes wrong in one becomes an error response.
 */
export class K8snetDebugSession extends DebugSession {
  private readonly environment: DebugEnvironment;
  private readonly format: ClientFormat;
  private readonly stops: Breakpoints;
  private readonly handlers: ReadonlyMap<string, Handler>;
  private readonly endListeners: (() => void)[] = [];
  private phase: "new" | "initialized" | "opening" | "open" | "terminated" | "closed" = "new";
  private run: LabRun | undefined;
  /** What it has shown is old where somebody changed the world by hand. */
  private hearsInvalidated = false;
  private terminatedTold = false;
  private showsProgress = false;
  private readonly pending = new PendingRequests();

  constructor(environment: DebugEnvironment) {
    super();
    this.environment = environment;
    this.format = new ClientFormat(environment);
    this.stops = new Breakpoints(this.format, (breakpoint) => {
      this.emitEvent("breakpoint", { reason: "changed", breakpoint });
    });
    const context = this.requestContext();
    const tables = [
      breakpointRequests,
      motionRequests,
      timelineRequests,
      lookRequests,
      editRequests,
      whyRequests,
      consoleRequests,
      memoryRequests,
      viewRequests,
    ].map((make) => make(context));
    this.handlers = new Map([this.lifeCycle(), ...tables].flatMap((table) => Object.entries(table)));
    // The library ends the process on junk between messages; here the session says so and listens on.
    this.removeAllListeners("error");
    this.on("error", (event: DebugProtocol.Event) => this.emitEvent("output", consoleLine(String(event.body))));
  }

  /** Every request that is answered. */
  get commands(): readonly string[] {
    return [...this.handlers.keys()];
  }

  /** Calls back once, when the client has disconnected or its stream has closed. */
  onDidEnd(listener: () => void): void {
    this.endListeners.push(listener);
  }

  /** The stream has closed, or the client has disconnected. The library would end the process here. */
  override shutdown(): void {
    if (this.phase === "closed") return;
    this.phase = "closed";
    this.run?.abandon();
    for (const listener of this.endListeners) listener();
  }

  override dispose(): void {
    this.shutdown();
  }

  protected override dispatchRequest(request: DebugProtocol.Request): void {
    void this.answer(request);
  }

  private async answer(request: DebugProtocol.Request): Promise<void> {
    this.pending.begin(request.seq);
    try {
      const pending = this.handle(request);
      // Awaiting only what needs it keeps the answers in the order of the requests.
      const answer = pending instanceof Promise ? await pending : pending;
      const response: DebugProtocol.Response = new Response(request);
      if (answer.body) response.body = answer.body;
      this.sendResponse(response);
      answer.afterwards?.();
    } catch (error) {
      this.refuse(request, error);
    } finally {
      this.pending.end(request.seq);
    }
  }

  private handle(request: DebugProtocol.Request): Answer | Promise<Answer> {
    const handler = this.handlers.get(request.command);
    if (!handler) throw new RequestError(`k8snet does not know the request "${request.command}"`);
    if (this.phase === "closed") return answerAfterTheEnd(request.command);
    if (this.phase === "new" && request.command !== "initialize" && request.command !== "disconnect") {
      throw new RequestError("initialize comes first");
    }
    return handler(new Arguments(request.arguments));
  }

  private refuse(request: DebugProtocol.Request, error: unknown): void {
    const known = error instanceof RequestError;
    const text = known ? error.message : `k8snet failed: ${error instanceof Error ? error.message : String(error)}`;
    const response: DebugProtocol.ErrorResponse = { ...new Response(request, known ? error.short : text), body: {} };
    // What keeps a program from starting concerns the user; most other refusals are between the two programs.
    const showUser =
      !known || request.command === "launch" || request.command === "attach" || request.command === "restart";
    response.body.error = { id: 1, format: text, showUser };
    this.sendResponse(response);
  }

  private lifeCycle(): Handlers {
    return {
      initialize: (args) => this.initialize(args),
      launch: (args) => this.open(parseLaunchArguments(args)),
      attach: (args) => this.open(parseAttachArguments(args)),
      restart: (args) => this.restart(args),
      configurationDone: () => this.configurationDone(),
      terminate: () => this.terminate(),
      cancel: (args) => this.cancel(args),
      disconnect: () => {
        this.run?.abandon();
        return { afterwards: () => this.shutdown() };
      },
    };
  }

  private requestContext(): RequestContext {
    return {
      environment: this.environment,
      format: this.format,
      stops: this.stops,
      opened: () => this.opened(),
      standing: () => {
        const run = this.opened();
        run.assertStanding();
        return run;
      },
      emitEvent: (name, body) => this.emitEvent(name, body),
      invalidate: () => this.invalidate(),
      progress: (title) =>
        new Progress(
          this.environment,
          this.pending.current,
          title,
          this.showsProgress ? (name, body) => this.emitEvent(name, body) : undefined,
        ),
    };
  }

  /** By the request's own number, or by the bar that shows how it gets on. */
  private cancel(args: Arguments): Answer {
    const requestId = args.optionalInteger("requestId");
    const shown = /^k8snet-(\d+)$/.exec(args.optionalString("progressId") ?? "")?.[1];
    if (requestId !== undefined) this.pending.cancel(requestId);
    if (shown !== undefined) this.pending.cancel(Number(shown));
    return {};
  }

  private initialize(args: Arguments): Answer {
    this.showsProgress = args.optionalBoolean("supportsProgressReporting") === true;
    this.hearsInvalidated = args.optionalBoolean("supportsInvalidatedEvent") === true;
    if (this.phase !== "new") throw new RequestError("The session is initialized already");
    this.format.initialize(args);
    this.phase = "initialized";
    return { body: capabilities };
  }

  private async open(launch: LaunchArguments): Promise<Answer> {
    if (this.phase !== "initialized") throw new RequestError("The program is launched already");
    if (launch.packetBreakpoints !== undefined) this.stops.setPacketBreakpoints(launch.packetBreakpoints);
    const run = await this.openRun(launch, "initialized");
    return {
      afterwards: () => {
        this.run = run;
        run.prepare();
        this.emitEvent("initialized");
      },
    };
  }

  /** The new run takes the old one's place only when its file could be opened; until then the old one goes on. */
  private async restart(args: Arguments): Promise<Answer> {
    const old = this.opened();
    if (this.phase !== "open" || old.over) throw new RequestError("There is no running program to restart");
    const changed = args.optionalObject("arguments");
    const parse = old.launch.isCapture ? parseAttachArguments : parseLaunchArguments;
    const run = await this.openRun(changed ? parse(changed) : old.launch, "open");
    if (old.over) throw new RequestError("The program has ended meanwhile", "cancelled");
    const wasStarted = old.started;
    run.lab.timeline.keepCheckpoints(old.lab.timeline.checkpoints);
    old.abandon();
    return {
      afterwards: () => {
        this.run = run;
        run.prepare();
        if (!wasStarted) return;
        this.emitEvent("continued", { threadId: scenarioThreadId, allThreadsContinued: true });
        run.start();
      },
    };
  }

  /** Reads and compiles while the session is in the phase "opening"; a failure puts it back. */
  private async openRun(launch: LaunchArguments, before: "initialized" | "open"): Promise<LabRun> {
    this.phase = "opening";
    try {
      const opened = await openProgram(launch, this.environment, this.format);
      this.leaveOpening("open");
      return new LabRun(opened, launch, {
        format: this.format,
        environment: this.environment,
        breakpoints: this.stops,
        sendEvent: (name, body) => this.emitEvent(name, body),
      });
    } catch (error) {
      this.leaveOpening(before);
      throw error;
    }
  }

  /** Terminate and disconnect may have come while the file was being read. */
  private leaveOpening(next: "initialized" | "open"): void {
    if (this.phase === "terminated" || this.phase === "closed") {
      throw new RequestError("The session has ended meanwhile", "cancelled");
    }
    this.phase = next;
  }

  private configurationDone(): Answer {
    const run = this.opened();
    if (run.started) throw new RequestError("The program has started already");
    return { afterwards: () => run.start() };
  }

  private terminate(): Answer {
    this.phase = "terminated";
    this.run?.abandon();
    return {
      afterwards: () => {
        if (!this.terminatedTold) this.emitEvent("terminated");
      },
    };
  }

  private opened(): LabRun {
    if (!this.run) throw new RequestError("No program is open: launch comes first");
    return this.run;
  }

  private invalidate(): void {
    this.run?.changed();
    if (this.hearsInvalidated) this.emitEvent("invalidated", { areas: ["all"] });
  }

  private emitEvent(name: string, body?: object): void {
    if (this.phase === "closed") return;
    if (name === "terminated") this.terminatedTold = true;
    this.sendEvent(new Event(name, body));
  }
}

/** Stopping what is just ending is no error: the user pressed Stop while the end was on its way. */
function answerAfterTheEnd(command: string): Answer {
  if (command === "terminate" || command === "disconnect") return {};
  throw new RequestError("The session is over");
}
