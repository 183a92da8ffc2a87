import type { DebugEnvironment } from "./environment.ts";
import type { Pending } from "./pending.ts";

/** What takes no longer than this needs no bar. */
const quietMs = 250;
const leastUpdateMs = 100;

/** Tells a client that wants to know how long something takes, and lets it be called off. */
export class Progress {
  private readonly environment: DebugEnvironment;
  private readonly emit: (name: string, body: object) => void;
  private readonly pending: Pending;
  private readonly title: string;
  private readonly beganMs: number;
  private toldMs: number | undefined;

  /** `emit` is undefined for a client that shows no progress. */
  constructor(
    environment: DebugEnvironment,
    pending: Pending,
    title: string,
    emit: ((name: string, body: object) => void) | undefined,
  ) {
    this.environment = environment;
    this.pending = pending;
    this.title = title;
    this.emit = emit ?? (() => {});
    this.beganMs = environment.now();
  }

  get id(): string {
    return `k8snet-${this.pending.seq}`;
  }

  /** To be called between slices of work: lets messages in, and throws if one of them called it off. */
  async breathe(): Promise<void> {
    await this.environment.yieldToMessages();
    this.pending.check();
    const now = this.environment.now();
    if (now - this.beganMs < quietMs) return;
    if (this.toldMs === undefined) this.start();
    else if (now - this.toldMs >= leastUpdateMs) this.emit("progressUpdate", { progressId: this.id });
    else return;
    this.toldMs = now;
  }

  end(): void {
    if (this.toldMs !== undefined) this.emit("progressEnd", { progressId: this.id });
  }

  private start(): void {
    const { id, title } = this;
    this.emit("progressStart", { progressId: id, title, requestId: this.pending.seq, cancellable: true });
  }
}
