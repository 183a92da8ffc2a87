import type { ViewRow } from "./messages.ts";

/** A row as it stands in the view: opened, indented, counted among its siblings. */
export interface ShownRow {
  readonly row: ViewRow;
  readonly parentId: string;
  /** From 1. */
  readonly level: number;
  readonly open: boolean;
  /** From 1, among `siblings` rows. */
  readonly place: number;
  readonly siblings: number;
  /** Where its parent stands in the same list; -1 for a root. */
  readonly parentIndex: number;
}

export interface RowRequest {
  readonly parentId: string;
  readonly limit: number;
}

interface Children {
  rows: readonly ViewRow[];
  limit: number;
  /** The state of the lab that `rows` show; older than the model's own once the lab has moved on. */
  generation: number;
}

/** Rows of one parent that are asked for at first, and then more at a time. */
export const pageRows = 250;
const rootId = "";

/**
 * The part of the state tree that is open in the view. Children are kept, though out of date, until the newer ones
 * arrive, so that nothing flickers while the lab runs; what is open is kept by row id, so it survives every stop.
 */
export class TreeModel {
  private readonly children = new Map<string, Children>();
  private readonly opened = new Map<string, boolean>();
  private generation = 1;
  private shownCache: readonly ShownRow[] | undefined;

  /** Every row may have changed. */
  outdate(): void {
    this.generation++;
  }

  /** Forgets all rows, not what was open. */
  clear(): void {
    this.children.clear();
    this.outdate();
    this.shownCache = undefined;
  }

  /** The open rows from the top down. */
  shown(): readonly ShownRow[] {
    this.shownCache ??= this.flatten();
    return this.shownCache;
  }

  indexOf(id: string): number {
    return this.shown().findIndex((one) => one.row.id === id);
  }

  isOpen(row: ViewRow): boolean {
    return row.expandable && (this.opened.get(row.id) ?? row.open);
  }

  setOpen(row: ViewRow, open: boolean): void {
    if (!row.expandable) return;
    if (open === row.open) this.opened.delete(row.id);
    else this.opened.set(row.id, open);
    this.shownCache = undefined;
  }

  collapseAll(): void {
    for (const { row } of this.shown()) this.setOpen(row, false);
    this.shownCache = undefined;
  }

  /** Asks for the rows that stand behind a parent's `more` row. */
  showMore(parentId: string): void {
    const children = this.children.get(parentId);
    if (!children) return;
    children.limit += pageRows;
    children.generation = 0;
  }

  /**
   * The requests that bring the rows from index `first` to `last` up to date: for each parent that has a child there,
   * or stands there itself, open.
   */
  missing(first: number, last: number): readonly RowRequest[] {
    const parents = new Set<string>([rootId]);
    for (const { row, parentId, open } of this.shown().slice(Math.max(0, first), last + 1)) {
      parents.add(parentId);
      if (open) parents.add(row.id);
    }
    return [...parents].filter((id) => this.isOutdated(id)).map((id) => this.requestFor(id));
  }

  /** Takes the answer to a request that was made at this generation. */
  accept(request: RowRequest, generation: number, rows: readonly ViewRow[]): void {
    const known = this.children.get(request.parentId);
    if (known && known.generation > generation) return;
    const limit = known?.limit ?? request.limit;
    this.children.set(request.parentId, { rows, limit, generation: limit === request.limit ? generation : 0 });
    this.shownCache = undefined;
  }

  get currentGeneration(): number {
    return this.generation;
  }

  /** Rows that stand otherwise than they do by themselves; for `restoreOpened`. */
  openedByUser(): readonly (readonly [string, boolean])[] {
    return [...this.opened];
  }

  restoreOpened(entries: readonly (readonly [string, boolean])[]): void {
    for (const [id, open] of entries) this.opened.set(id, open);
    this.shownCache = undefined;
  }

  private isOutdated(parentId: string): boolean {
    return (this.children.get(parentId)?.generation ?? 0) < this.generation;
  }

  private requestFor(parentId: string): RowRequest {
    return { parentId, limit: this.children.get(parentId)?.limit ?? pageRows };
  }

  private flatten(): readonly ShownRow[] {
    const shown: ShownRow[] = [];
    const add = (parentId: string, parentIndex: number, level: number): void => {
      const rows = this.children.get(parentId)?.rows ?? [];
      rows.forEach((row, index) => {
        const open = this.isOpen(row);
        shown.push({ row, parentId, level, open, place: index + 1, siblings: rows.length, parentIndex });
        if (open) add(row.id, shown.length - 1, level + 1);
      });
    };
    add(rootId, -1, 1);
    return shown;
  }
}
