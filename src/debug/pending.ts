import { RequestError } from "./request-error.ts";

/** A request that takes its time, and may be called off. */
export interface Pending {
  readonly seq: number;
  /** Throws once the client has cancelled it. */
  check(): void;
}

/** Requests that are not answered yet, by their numbers: what `cancel` can call off. */
export class PendingRequests {
  private readonly cancelled = new Set<number>();
  private readonly open = new Set<number>();
  private currentSeq = 0;

  /** The request that is being handled now; to be asked for before anything is awaited. */
  get current(): Pending {
    const seq = this.currentSeq;
    return {
      seq,
      check: () => {
        if (this.cancelled.has(seq)) throw new RequestError("cancelled", "cancelled");
      },
    };
  }

  begin(seq: number): void {
    this.open.add(seq);
    this.currentSeq = seq;
  }

  end(seq: number): void {
    this.open.delete(seq);
    this.cancelled.delete(seq);
  }

  /** One that is answered already cannot be called off, and that is no error. */
  cancel(seq: number): void {
    if (this.open.has(seq)) this.cancelled.add(seq);
  }
}
