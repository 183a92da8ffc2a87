import { DebugSession, Event, Response } from "@vscode/debugadapter";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { DebugLab, Motion } from "../lab/api.ts";
import { scenarioThreadId } from "../lab/protocol.ts";
import { Arguments } from "./arguments.ts";
import { Breakpoints } from "./breakpoints.ts";
import { capabilities } from "./capabilities.ts";
import { ClientFormat } from "./client-format.ts";
import type { DebugEnvironment } from "./environment.ts";
import { LabRun } from "./lab-run.ts";
import { type LaunchArguments, openProgram, parseLaunchArguments } from "./launch.ts";
import { consoleLine } from "./output.ts";
import { RequestError } from "./request-error.ts";
import { listThreads } from "./threads.ts";
import { treeRows } from "./views.ts";

/** What a request is answered with, and what happens once the answer is on its way. */
interface Answer {
  readonly body?: object;
  afterwards?(): void;
}

type Handler = (args: Arguments) => Answer | Promise<Answer>;

/**
 * One client's session. The library frames and numbers the messages; requests go through the table below instead of
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
  private threadsCutTold = false;
  /** What it has shown is old where somebody changed the world by hand. */
  private hearsInvalidated = false;
  private terminatedTold = false;

  constructor(environment: DebugEnvironment) {
    super();
    this.environment = environment;
    this.format = new ClientFormat(environment);
    this.stops = new Breakpoints(this.format, (breakpoint) => {
      this.emitEvent("breakpoint", { reason: "changed", breakpoint });
    });
    this.handlers = new Map(
      Object.entries({ ...this.lifeCycle(), ...this.settings(), ...this.motions(), ...this.looks() }),
    );
    // The library ends the process on junk between messages; here the session says so and listens on.
    this.removeAllListeners("error");
    this.on("error", (event: DebugProtocol.Event) => this.emitEvent("output", consoleLine(String(event.body))));
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
    const showUser = !known || request.command === "launch" || request.command === "restart";
    response.body.error = { id: 1, format: text, showUser };
    this.sendResponse(response);
  }

  private lifeCycle(): Record<string, Handler> {
    return {
      initialize: (args) => this.initialize(args),
      launch: (args) => this.open(parseLaunchArguments(args)),
      restart: (args) => this.restart(args),
      configurationDone: () => this.configurationDone(),
      terminate: () => this.terminate(),
      disconnect: () => {
        this.run?.abandon();
        return { afterwards: () => this.shutdown() };
      },
    };
  }

  private settings(): Record<string, Handler> {
    return {
      setBreakpoints: (args) => ({ body: this.stops.setLines(args) }),
      setFunctionBreakpoints: (args) => ({ body: this.stops.setFunctions(args) }),
      setExceptionBreakpoints: (args) => ({ body: this.stops.setExceptions(args) }),
    };
  }

  private motions(): Record<string, Handler> {
    return {
      continue: (args) => {
        args.integer("threadId");
        this.opened().resume("forward", (lab) => lab.continue());
        return { body: { allThreadsContinued: true } };
      },
      reverseContinue: (args) => {
        args.integer("threadId");
        this.opened().resume("backward", (lab) => lab.reverseContinue());
        return {};
      },
      next: (args) => this.step(args, "forward", (lab, thread) => lab.stepOver(thread)),
      stepIn: (args) => this.stepIn(args),
      stepOut: (args) => this.step(args, "forward", (lab, thread) => lab.stepOut(thread)),
      restartFrame: (args) => this.restartFrame(args),
      terminateThreads: (args) => this.terminateThreads(args),
      stepBack: (args) => this.step(args, "backward", (lab, thread) => lab.stepBack(thread)),
      pause: (args) => {
        args.integer("threadId");
        this.opened().pause();
        return {};
      },
    };
  }

  private looks(): Record<string, Handler> {
    return {
      threads: () => this.threads(),
      stackTrace: (args) => ({ body: this.standing().inspection.stackTrace(this.opened().lab, args) }),
      scopes: (args) => ({ body: this.standing().inspection.scopes(this.opened().lab, args) }),
      stepInTargets: (args) => ({ body: this.standing().inspection.stepInTargets(this.opened().lab, args) }),
      exceptionInfo: (args) => ({ body: this.exceptionInfo(args.integer("threadId")) }),
      source: (args) => ({ body: this.source(args) }),
      loadedSources: () => ({
        body: {
          sources: this.opened()
            .lab.generatedDocuments()
            .map(({ uri }) => this.format.toSource(uri)),
        },
      }),
      "k8snet/document": (args) => ({ body: this.document(args.string("uri")) }),
      variables: (args) => ({ body: this.standing().inspection.variables(args) }),
      "k8snet/tree": (args) => ({ body: treeRows(this.opened().lab, args, this.format) }),
      "k8snet/position": () => ({ body: this.opened().lab.position() }),
    };
  }

  private initialize(args: Arguments): Answer {
    this.hearsInvalidated = args.optionalBoolean("supportsInvalidatedEvent") === true;
    if (this.phase !== "new") throw new RequestError("The session is initialized already");
    this.format.initialize(args);
    this.phase = "initialized";
    return { body: capabilities };
  }

  private async open(launch: LaunchArguments): Promise<Answer> {
    if (this.phase !== "initialized") throw new RequestError("The program is launched already");
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
    const run = await this.openRun(changed ? parseLaunchArguments(changed) : old.launch, "open");
    if (old.over) throw new RequestError("The program has ended meanwhile", "cancelled");
    const wasStarted = old.started;
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

  private restartFrame(args: Arguments): Answer {
    const frameId = args.integer("frameId");
    const run = this.standing();
    const motion = run.lab.restartFrame(frameId);
    if (motion === undefined) throw new RequestError("The recording cannot be taken back to this frame");
    run.resume("backward", () => motion);
    return {};
  }

  /** Drops the packets where they are: what would happen without them? */
  private terminateThreads(args: Arguments): Answer {
    const run = this.standing();
    const threads = args.optionalList("threadIds") ?? [];
    for (const threadId of threads) {
      if (threadId === scenarioThreadId) throw new RequestError("The scenario is no packet: Stop ends the session");
      const refusal = run.lab.dropPacket(Number(threadId));
      if (refusal !== undefined) throw new RequestError(`Thread ${threadId}: ${refusal}`);
    }
    run.inspection.forget();
    return {
      afterwards: () => {
        if (this.hearsInvalidated) this.emitEvent("invalidated", { areas: ["all"] });
      },
    };
  }

  /** The choice is by the number that `stepInTargets` gave it. */
  private stepIn(args: Arguments): Answer {
    const target = args.optionalInteger("targetId", 1);
    const count = target === undefined ? 0 : this.standing().lab.stepTargets(args.integer("threadId")).length;
    if (target !== undefined && target > count) throw new RequestError(`There is no target ${target} to step into`);
    return this.step(args, "forward", (lab, thread) => lab.stepInto(thread, target && target - 1));
  }

  private step(
    args: Arguments,
    direction: "forward" | "backward",
    make: (lab: DebugLab, threadId: number) => Motion,
  ): Answer {
    const threadId = args.integer("threadId");
    const run = this.opened();
    run.assertStanding();
    if (run.lab.stack(threadId, 0, 1).total === 0) throw new RequestError(`There is no thread ${threadId}`);
    run.resume(direction, (lab) => make(lab, threadId));
    return {};
  }

  private threads(): Answer {
    const run = this.opened();
    const { threads, notice } = listThreads(run.lab, run.launch.maxThreads);
    return {
      body: { threads },
      afterwards: () => {
        if (notice === undefined || this.threadsCutTold) return;
        this.threadsCutTold = true;
        this.emitEvent("output", consoleLine(notice));
      },
    };
  }

  private source(args: Arguments): DebugProtocol.SourceResponse["body"] {
    const asked = args.optionalObject("source") ?? args;
    return this.document(this.format.documentUri(asked));
  }

  private exceptionInfo(threadId: number): DebugProtocol.ExceptionInfoResponse["body"] {
    const exception = this.standing().lab.exceptionAt(threadId);
    if (exception === undefined) throw new RequestError(`Nothing is wrong with thread ${threadId} here`);
    const { id, description } = exception;
    return { exceptionId: id, description, breakMode: "always" };
  }

  /** The text of a document that the run makes. */
  private document(uri: string): DebugProtocol.SourceResponse["body"] {
    const document = this.opened().lab.document(uri);
    if (document === undefined) throw new RequestError(`The run has no document ${uri}`);
    return { content: document.text, mimeType: "text/x-iptables-save" };
  }

  private opened(): LabRun {
    if (!this.run) throw new RequestError("No program is open: launch comes first");
    return this.run;
  }

  private standing(): LabRun {
    const run = this.opened();
    run.assertStanding();
    return run;
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
