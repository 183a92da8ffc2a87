import type { ViewRow } from "./messages.ts";
import type { RowRequest, TreeModel } from "./tree-model.ts";

/** Asks for the rows that are in sight and not up to date, at most once at a time for each parent. */
export class RowLoader {
  private readonly model: TreeModel;
  private readonly send: (request: number, row: RowRequest) => void;
  private readonly inFlight = new Map<number, { readonly request: RowRequest; readonly generation: number }>();
  /** Parents whose rows could not be had; not asked for again until the lab stands somewhere else. */
  private readonly refused = new Map<string, number>();
  private requests = 0;

  constructor(model: TreeModel, send: (request: number, row: RowRequest) => void) {
    this.model = model;
    this.send = send;
  }

  /** Something that was asked for has not arrived yet. */
  get busy(): boolean {
    return this.inFlight.size > 0;
  }

  /** Brings the rows from index `first` to `last` up to date. */
  load(first: number, last: number): void {
    const asked = new Set([...this.inFlight.values()].map((one) => one.request.parentId));
    const generation = this.model.currentGeneration;
    for (const request of this.model.missing(first, last)) {
      if (asked.has(request.parentId) || this.refused.get(request.parentId) === generation) continue;
      this.inFlight.set(++this.requests, { request, generation });
      this.send(this.requests, request);
    }
  }

  /** Takes an answer; false for one that nobody waits for any more. */
  receive(number: number, rows: readonly ViewRow[] | null): boolean {
    const waiting = this.inFlight.get(number);
    if (!waiting) return false;
    this.inFlight.delete(number);
    if (rows) this.model.accept(waiting.request, waiting.generation, rows);
    else this.refused.set(waiting.request.parentId, waiting.generation);
    return true;
  }

  /** Another session: answers that are still under way belong to the old one. */
  reset(): void {
    this.inFlight.clear();
    this.refused.clear();
  }
}
