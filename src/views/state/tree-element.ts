import { type KeyAction, keyAction, typeAhead } from "./keyboard.ts";
import type { ViewRow } from "./messages.ts";
import { RowElement, rowHeightPx } from "./row-element.ts";
import type { ShownRow, TreeModel } from "./tree-model.ts";

export interface TreeListener {
  /** Other rows are visible, or other rows are open. */
  onViewChange(): void;
  /** A row was chosen, by Enter or by the pointer. */
  onActivate(row: ViewRow, parentId: string, by: "keyboard" | "pointer"): void;
}

/** Rows above and below the visible ones that are drawn too, so that scrolling shows no gap. */
const overscanRows = 8;
const typeAheadMs = 800;

/**
 * The accessible tree on the screen. Only visible rows are elements: the focus stays on the tree itself, which names
 * its focused row (`aria-activedescendant`). The tree of @vscode-elements draws every row as nested elements and
 * knows neither Home, End, type-ahead nor an Enter that does something else than toggle; hence an own one.
 */
export class TreeElement {
  private readonly tree: HTMLElement;
  private readonly model: TreeModel;
  private readonly listener: TreeListener;
  private readonly space = document.createElement("div");
  private readonly drawn = new Map<string, RowElement>();
  private focusedId: string | undefined;
  private focusedIndex = -1;
  private typed = "";
  private typedAtMs = 0;
  /** Scrolled to as soon as enough rows have arrived, unless the user moves first. */
  private scrollTarget = 0;

  constructor(tree: HTMLElement, model: TreeModel, listener: TreeListener) {
    this.tree = tree;
    this.model = model;
    this.listener = listener;
    this.space.className = "space";
    this.space.setAttribute("role", "presentation");
    tree.append(this.space);
    tree.addEventListener("keydown", (event) => this.onKey(event));
    tree.addEventListener("click", (event) => this.onClick(event));
    tree.addEventListener("dblclick", (event) => this.onDoubleClick(event));
    tree.addEventListener("focus", () => this.onFocus());
    for (const name of ["wheel", "pointerdown", "keydown"]) {
      tree.addEventListener(name, () => this.forgetTarget(), { passive: true, capture: true });
    }
    tree.addEventListener("scroll", () => this.onScroll(), { passive: true });
    new ResizeObserver(() => this.onScroll()).observe(tree);
  }

  get focused(): string | undefined {
    return this.focusedId;
  }

  get scrollTop(): number {
    return this.tree.scrollTop;
  }

  /** Where the view was when it was last hidden; the rows come later. */
  restore(focusedId: string | undefined, scrollTop: number): void {
    this.focusedId = focusedId;
    this.scrollTarget = scrollTop;
  }

  /** First and last index of the rows that are drawn: those in sight and a few around them. */
  drawnRange(): readonly [number, number] {
    const first = Math.floor(this.tree.scrollTop / rowHeightPx);
    return [Math.max(0, first - overscanRows), first + this.rowsPerPage() + overscanRows];
  }

  render(): void {
    const rows = this.model.shown();
    this.space.style.height = `${rows.length * rowHeightPx}px`;
    this.keepFocus(rows);
    this.scrollToTarget();
    const [first, last] = this.drawnRange();
    const wanted = rows.slice(first, last + 1);
    this.dropAllBut(new Set(wanted.map((one) => one.row.id)));
    wanted.forEach((shown, offset) => {
      this.draw(shown, first + offset, offset);
    });
    const active = this.focusedId === undefined ? undefined : this.drawn.get(this.focusedId);
    if (active) this.tree.setAttribute("aria-activedescendant", active.element.id);
    else this.tree.removeAttribute("aria-activedescendant");
  }

  private scrollToTarget(): void {
    if (this.scrollTarget <= 0) return;
    this.tree.scrollTop = this.scrollTarget;
    if (this.tree.scrollTop >= this.scrollTarget - 1) this.scrollTarget = 0;
  }

  private forgetTarget(): void {
    this.scrollTarget = 0;
  }

  private draw(shown: ShownRow, index: number, position: number): void {
    let row = this.drawn.get(shown.row.id);
    if (!row) {
      row = new RowElement();
      this.drawn.set(shown.row.id, row);
    }
    row.update(shown, index, index === this.focusedIndex);
    // Screen readers that browse go by the order of the elements.
    const before = this.space.children[position] ?? null;
    if (before !== row.element) this.space.insertBefore(row.element, before);
  }

  private dropAllBut(ids: ReadonlySet<string>): void {
    for (const [id, row] of this.drawn) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.drawn.delete(id);
    }
  }

  /** The focus stays with its row; where that is gone, with its place. */
  private keepFocus(rows: readonly ShownRow[]): void {
    if (this.focusedId === undefined || rows.length === 0) return;
    const index =
      rows[this.focusedIndex]?.row.id === this.focusedId ? this.focusedIndex : this.model.indexOf(this.focusedId);
    if (index >= 0) this.focusedIndex = index;
    else if (this.focusedIndex >= 0) this.setFocus(Math.min(this.focusedIndex, rows.length - 1));
  }

  private setFocus(index: number): void {
    this.focusedIndex = index;
    this.focusedId = this.model.shown()[index]?.row.id;
  }

  private focusRow(index: number): void {
    this.setFocus(index);
    this.scrollTo(index);
    this.changed();
  }

  private scrollTo(index: number): void {
    const top = index * rowHeightPx;
    const below = top + rowHeightPx - this.tree.clientHeight;
    if (top < this.tree.scrollTop) this.tree.scrollTop = top;
    else if (below > this.tree.scrollTop) this.tree.scrollTop = below;
  }

  private rowsPerPage(): number {
    return Math.max(1, Math.floor(this.tree.clientHeight / rowHeightPx));
  }

  private changed(): void {
    this.render();
    this.listener.onViewChange();
  }

  private onScroll(): void {
    this.changed();
  }

  private onFocus(): void {
    if (this.focusedIndex < 0 && this.model.shown().length > 0) this.focusRow(0);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = this.model.shown();
    if (this.isTyping(event)) this.typeOn(event, rows);
    else this.carryOut(keyAction(event.key, rows, this.focusedIndex, this.rowsPerPage()), event, rows);
  }

  private carryOut(action: KeyAction, event: KeyboardEvent, rows: readonly ShownRow[]): void {
    if (!action) return;
    this.typed = "";
    event.preventDefault();
    event.stopPropagation();
    if (action.kind === "focus") this.focusRow(action.index);
    else if (action.kind === "open") this.setOpen(rows[action.index], action.open);
    else if (action.kind === "open siblings") this.openSiblings(rows, rows[action.index]);
    else this.activate(rows[action.index], "keyboard");
  }

  /** A space belongs to the text only once a word has been begun. */
  private isTyping(event: KeyboardEvent): boolean {
    if (event.timeStamp - this.typedAtMs > typeAheadMs) this.typed = "";
    return [...event.key].length === 1 && event.key !== "*" && (event.key !== " " || this.typed !== "");
  }

  private typeOn(event: KeyboardEvent, rows: readonly ShownRow[]): void {
    event.preventDefault();
    this.typed += event.key;
    this.typedAtMs = event.timeStamp;
    const found = typeAhead(this.typed, rows, this.focusedIndex);
    if (found >= 0) this.focusRow(found);
  }

  private openSiblings(rows: readonly ShownRow[], of: ShownRow): void {
    for (const one of rows) if (one.parentId === of.parentId) this.model.setOpen(one.row, true);
    this.changed();
  }

  private onClick(event: MouseEvent): void {
    const shown = this.rowUnder(event);
    if (!shown) return;
    this.setFocus(this.model.indexOf(shown.row.id));
    if (isTwistie(event) && shown.row.expandable) this.setOpen(shown, !shown.open);
    else this.activate(shown, "pointer");
  }

  /** A click on a declared row goes to its line; a double click opens it. */
  private onDoubleClick(event: MouseEvent): void {
    const shown = this.rowUnder(event);
    if (shown?.row.expandable && shown.row.place && !isTwistie(event)) this.setOpen(shown, !shown.open);
  }

  private rowUnder(event: MouseEvent): ShownRow | undefined {
    const element = (event.target as HTMLElement).closest<HTMLElement>(".row");
    return element ? this.model.shown()[Number(element.dataset.index)] : undefined;
  }

  private activate(shown: ShownRow, by: "keyboard" | "pointer"): void {
    const { row, parentId } = shown;
    if (row.expandable && !row.place) {
      this.setOpen(shown, !shown.open);
    } else {
      this.render();
      this.listener.onActivate(row, parentId, by);
    }
  }

  private setOpen({ row }: ShownRow, open: boolean): void {
    this.model.setOpen(row, open);
    this.changed();
  }
}

function isTwistie(event: MouseEvent): boolean {
  return (event.target as HTMLElement).classList.contains("twistie");
}
