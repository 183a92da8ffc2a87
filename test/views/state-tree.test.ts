import { describe, expect, it } from "vitest";
import { type KeyAction, keyAction, typeAhead } from "../../src/views/state/keyboard.ts";
import type { ViewRow } from "../../src/views/state/messages.ts";
import { RowLoader } from "../../src/views/state/row-loader.ts";
import { pageRows, type RowRequest, TreeModel } from "../../src/views/state/tree-model.ts";

/** `+label` has children and is open at first, `>label` has children and is closed. The label is the id as well. */
function row(text: string): ViewRow {
  const expandable = text.startsWith("+") || text.startsWith(">");
  const label = expandable ? text.slice(1) : text;
  return { id: label, kind: "row", icon: "table", label, description: "", expandable, open: text.startsWith("+") };
}

/** Answers requests from this table until there are none left, as the debug session does. */
class Feed {
  readonly model = new TreeModel();
  readonly asked: string[] = [];
  readonly tables: Record<string, string[]>;
  refuses = false;
  private readonly pending: [number, RowRequest][] = [];
  private readonly loader = new RowLoader(this.model, (number, request) => this.pending.push([number, request]));

  constructor(tables: Record<string, string[]>) {
    this.tables = tables;
  }

  load(first = 0, last = 1000): void {
    this.loader.load(first, last);
    for (let next = this.pending.shift(); next; next = this.pending.shift()) {
      const [number, { parentId, limit }] = next;
      this.asked.push(parentId || "roots");
      this.loader.receive(number, this.refuses ? null : (this.tables[parentId] ?? []).slice(0, limit).map(row));
      this.loader.load(first, last);
    }
  }

  /** As a screen shows it. */
  text(): string {
    return this.model
      .shown()
      .map(
        ({ row: { label, expandable }, level, open }) =>
          `${"  ".repeat(level - 1)}${expandable ? (open ? "v " : "> ") : ""}${label}`,
      )
      .join("\n");
  }
}

const lab = { "": ["+node1"], node1: [">cbr0", "+pod1"], cbr0: ["fdb"], pod1: ["arp"] };

describe("The state tree asks for what is open and in sight, and keeps what it has", () => {
  it("opens rows as the lab says, and others when the user opens them", () => {
    const feed = new Feed(lab);
    feed.load();
    expect(feed.text()).toBe("v node1\n  > cbr0\n  v pod1\n    arp");
    expect(feed.asked).not.toContain("cbr0");
    feed.model.setOpen(row(">cbr0"), true);
    feed.load();
    expect(feed.text()).toBe("v node1\n  v cbr0\n    fdb\n  v pod1\n    arp");
  });

  it("keeps what is open, and the old rows until the new ones arrive, when the lab moves on", () => {
    const feed = new Feed(lab);
    feed.model.restoreOpened([["cbr0", true]]);
    feed.load();
    const before = feed.text();
    feed.tables.pod1 = ["arp", "routes"];
    feed.model.outdate();
    expect(feed.text()).toBe(before);
    feed.load();
    expect(feed.text()).toBe(`${before}\n    routes`);
  });

  it("asks again only for the parents of rows in sight", () => {
    const feed = new Feed(lab);
    feed.load();
    feed.model.outdate();
    feed.asked.length = 0;
    feed.load(0, 0);
    expect(feed.asked).toEqual(["roots", "node1"]);
  });

  it("asks once, not again and again, when the session cannot answer", () => {
    const feed = new Feed(lab);
    feed.refuses = true;
    feed.load();
    feed.load();
    expect(feed.asked).toEqual(["roots"]);
    feed.refuses = false;
    feed.model.outdate();
    feed.load();
    expect(feed.text()).toContain("node1");
  });

  it("shows long lists a page at a time", () => {
    const pods = Array.from({ length: 600 }, (_, index) => `pod${index}`);
    const feed = new Feed({ "": pods });
    feed.load();
    expect(feed.model.shown()).toHaveLength(pageRows);
    feed.model.showMore("");
    feed.load();
    expect(feed.model.shown()).toHaveLength(2 * pageRows);
    feed.model.outdate();
    feed.load();
    expect(feed.model.shown()).toHaveLength(2 * pageRows);
  });

  it("ignores the answer to a question that is older than what it knows", () => {
    const model = new TreeModel();
    const request = { parentId: "", limit: pageRows };
    model.outdate();
    model.accept(request, model.currentGeneration, [row("new")]);
    model.accept(request, model.currentGeneration - 1, [row("old")]);
    expect(model.shown().map((one) => one.row.label)).toEqual(["new"]);
  });

  it("collapses everything that is shown, and remembers only what the user changed", () => {
    const feed = new Feed(lab);
    feed.load();
    feed.model.collapseAll();
    expect(feed.text()).toBe("> node1");
    expect(feed.model.openedByUser()).toEqual([
      ["node1", false],
      ["pod1", false],
    ]);
  });
});

describe("The state tree by keyboard, as ARIA's tree pattern says", () => {
  const feed = new Feed(lab);
  feed.load();
  // v node1, > cbr0, v pod1, arp
  const press = (key: string, focused: number): KeyAction => keyAction(key, feed.model.shown(), focused, 2);

  it.each([
    ["ArrowDown", 0, 1],
    ["ArrowDown", 3, 3],
    ["ArrowUp", 0, 0],
    ["Home", 3, 0],
    ["End", 0, 3],
    ["PageDown", 0, 2],
    ["PageUp", 3, 1],
    ["ArrowRight", 2, 3],
    ["ArrowLeft", 3, 2],
    ["ArrowLeft", 1, 0],
    ["ArrowDown", -1, 0],
  ])("%s on row %i goes to row %i", (key, from, to) => {
    expect(press(key, from)).toEqual({ kind: "focus", index: to });
  });

  it("arrows open and close, the space bar does both, Enter chooses, * opens the siblings", () => {
    expect(press("ArrowRight", 1)).toEqual({ kind: "open", index: 1, open: true });
    expect(press("ArrowLeft", 2)).toEqual({ kind: "open", index: 2, open: false });
    expect(press(" ", 2)).toEqual({ kind: "open", index: 2, open: false });
    expect(press("Enter", 3)).toEqual({ kind: "activate", index: 3 });
    expect(press("*", 1)).toEqual({ kind: "open siblings", index: 1 });
  });

  it("leaves alone what is not its own", () => {
    expect(press("Tab", 0)).toBeNull();
    expect(press("ArrowRight", 3)).toBeNull();
    expect(keyAction("ArrowDown", [], -1, 2)).toBeNull();
  });

  it("typing goes to the next row that begins so, and round the end", () => {
    const rows = feed.model.shown();
    expect(typeAhead("p", rows, 0)).toBe(2);
    expect(typeAhead("n", rows, 2)).toBe(0);
    expect(typeAhead("no", rows, 0)).toBe(0);
    expect(typeAhead("POD", rows, 0)).toBe(2);
    expect(typeAhead("x", rows, 0)).toBe(-1);
  });
});
