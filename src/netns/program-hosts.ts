import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Inform, Listen } from "../plan/commands.ts";
import { type Argv, inNamespace } from "../plan/shell/commands.ts";
import type { NamespaceNames } from "../plan/shell/namespace-names.ts";
import type { ProgramResult } from "../programs/program.ts";
import type { Children } from "./children.ts";
import type { HostedStatement, HostMessage, HostRequest } from "./host-protocol.ts";
import { SetUpFailure } from "./namespaces.ts";

/** What a program of ours did on real sockets. */
export interface HostedRun {
  readonly output: string;
  readonly status: number;
  readonly result?: ProgramResult;
  /** Why it could not be run here. */
  readonly unable?: string;
}

/** Processes that run our programs, one in each namespace that needs one. */
export class ProgramHosts {
  private readonly argv: Argv;
  private readonly names: NamespaceNames;
  private readonly children: Children;
  private readonly hosts = new Map<string, ProgramHost>();

  /** `argv` starts a program host. */
  constructor(argv: Argv, names: NamespaceNames, children: Children) {
    this.argv = argv;
    this.names = names;
    this.children = children;
  }

  /** Starts the processes; programs then begin without delay. */
  async start(namespaces: ReadonlySet<string>): Promise<void> {
    for (const netns of namespaces) {
      const [program, ...args] = inNamespace(this.names.of(netns), this.argv);
      const child = this.children.add(spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] }));
      this.hosts.set(netns, new ProgramHost(child));
    }
    await Promise.all([...this.hosts.values()].map((host) => host.ready));
  }

  /** Resolves when the server listens. */
  async listen(command: Listen): Promise<void> {
    const failure = await this.host(command.netns).listen(command);
    if (failure !== undefined) throw new SetUpFailure(failure, command);
  }

  /** Tells the servers of a container what has become new to them. */
  inform(command: Inform): void {
    this.host(command.netns).inform(command);
  }

  run(statement: HostedStatement): Promise<HostedRun> {
    return this.host(statement.netns).run(statement);
  }

  private host(netns: string): ProgramHost {
    const host = this.hosts.get(netns);
    if (host === undefined) throw new Error(`k8snet bug: no program host in ${netns}`);
    return host;
  }
}

/** One of them. */
class ProgramHost {
  readonly ready: Promise<void>;
  private readonly child: ChildProcess;
  private readonly hearers = new Map<number, (message: HostMessage) => void>();
  private lastId = 0;
  /** Why there is nobody left to ask. */
  private problem: string | undefined;

  constructor(child: ChildProcess) {
    this.child = child;
    let errors = "";
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      errors += text;
    });
    this.ready = new Promise((ready, failed) => {
      child.once("error", failed);
      child.once("close", () => {
        const problem = `the process for k8snet's own programs ended: ${errors.trim()}`;
        this.problem = problem;
        failed(new SetUpFailure(problem));
        for (const [id, hear] of this.hearers) hear({ id, unable: problem });
      });
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
        const message = JSON.parse(line) as HostMessage;
        if ("ready" in message) ready();
        else this.hearers.get(message.id)?.(message);
      });
    });
  }

  /** What the server said when it ended instead of listening. */
  listen(command: Listen): Promise<string | undefined> {
    return new Promise((done) => {
      let output = "";
      this.request({ listen: command }, (message) => {
        if ("print" in message) output += message.print;
        else if ("listening" in message) done(undefined);
        else done("unable" in message ? message.unable : output.trim());
      });
    });
  }

  inform(command: Inform): void {
    this.request({ inform: command }, () => {});
  }

  run(statement: HostedStatement): Promise<HostedRun> {
    return new Promise((done) => {
      let output = "";
      this.request({ run: statement }, (message) => {
        if ("print" in message) output += message.print;
        else if ("unable" in message) done({ output, status: 1, unable: message.unable });
        else if ("exit" in message) done({ output, status: message.exit, result: message.result });
      });
    });
  }

  private request(
    request: { run: HostedStatement } | { listen: Listen } | { inform: Inform },
    hear: (message: HostMessage) => void,
  ): void {
    const id = ++this.lastId;
    if (this.problem !== undefined) return hear({ id, unable: this.problem });
    this.hearers.set(id, hear);
    this.child.stdin?.write(`${JSON.stringify({ id, ...request } satisfies HostRequest)}\n`);
  }
}
