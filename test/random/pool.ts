import { type ChildProcess, fork } from "node:child_process";
import type { Answer, Request } from "./worker.ts";

/**
 * Processes that verify labs, each one at a time: a simulation that occupies one of them does not delay the real network of
 * another lab. All of them share one neighbour table, so what is under way has a limit on what it may fill there.
 */
export class Pool {
  private readonly script: string;
  private readonly free: ChildProcess[] = [];
  private readonly all = new Set<ChildProcess>();
  private readonly waiting: (() => void)[] = [];
  private readonly mostNeighbours: number;
  private neighbours = 0;
  private number = 0;

  constructor(script: string, jobs: number, mostNeighbours: number) {
    this.script = script;
    this.mostNeighbours = mostNeighbours;
    for (let i = 0; i < jobs; i++) this.start();
  }

  /** `neighbours`: how many entries the lab may put into the machine's table. */
  async verify(name: string, text: string, neighbours: number): Promise<Answer> {
    const fits = () => this.neighbours === 0 || this.neighbours + neighbours <= this.mostNeighbours;
    while (this.free.length === 0 || !fits()) await new Promise<void>((wake) => this.waiting.push(wake));
    const child = this.free.pop() as ChildProcess;
    this.neighbours += neighbours;
    try {
      return await this.ask(child, { number: this.number++, name, text });
    } finally {
      this.neighbours -= neighbours;
      if (child.connected) this.free.push(child);
      else this.start();
      for (const wake of this.waiting.splice(0)) wake();
    }
  }

  end(): void {
    for (const child of this.all) child.disconnect();
  }

  private start(): void {
    const child = fork(this.script, ["worker"], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.all.add(child);
    child.once("exit", () => this.all.delete(child));
    this.free.push(child);
  }

  private ask(child: ChildProcess, request: Request): Promise<Answer> {
    return new Promise((answer, failed) => {
      const onExit = () => failed(new Error(`the process that verified ${request.name} has ended`));
      child.once("exit", onExit);
      child.once("message", (message) => {
        child.off("exit", onExit);
        answer(message as Answer);
      });
      child.send(request);
    });
  }
}
