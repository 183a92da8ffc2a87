import type { ChildProcess } from "node:child_process";

/** The processes that a run has started and that still run. */
export class Children {
  private readonly running = new Set<ChildProcess>();

  add(child: ChildProcess): ChildProcess {
    this.running.add(child);
    child.once("close", () => this.running.delete(child));
    child.once("error", () => this.running.delete(child));
    return child;
  }

  /** Kills them; the kernel ends them whether or not we are there to see it. */
  kill(): void {
    for (const child of this.running) child.kill("SIGKILL");
  }

  /** Kills them and waits until all have ended. */
  async end(): Promise<void> {
    const ends = [...this.running].map((child) => new Promise((done) => child.once("close", done)));
    this.kill();
    await Promise.all(ends);
  }
}
