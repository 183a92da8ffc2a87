import type { ChangeMark } from "../../lab/protocol.ts";
import type { ShownRow } from "./tree-model.ts";

/** CSS gives the rows this height too. */
export const rowHeightPx = 22;
const indentPx = 8;

/** A change is told by a word and an icon as well as by colour. */
const marks: Record<ChangeMark, { readonly word: string; readonly icon: string }> = {
  added: { word: "added", icon: "diff-added" },
  updated: { word: "changed", icon: "diff-modified" },
  removed: { word: "removed", icon: "diff-removed" },
};

let idsGiven = 0;

/** One row on the screen. It is kept while its row stays visible, so that a refresh never takes it from under the pointer. */
export class RowElement {
  readonly element = document.createElement("div");
  private readonly twistie = part("twistie");
  private readonly icon = part("icon");
  private readonly label = part("label");
  private readonly description = part("description");
  private readonly mark = part("mark");
  private readonly markWord = part("mark-word");
  private readonly markIcon = part("mark-icon");

  constructor() {
    this.element.id = `row-${++idsGiven}`;
    this.element.setAttribute("role", "treeitem");
    this.mark.append(this.markWord, this.markIcon);
    this.element.append(this.twistie, this.icon, this.label, this.description, this.mark);
  }

  update(shown: ShownRow, index: number, focused: boolean): void {
    const { row, level, open } = shown;
    this.element.dataset.index = String(index);
    this.element.style.top = `${index * rowHeightPx}px`;
    this.element.style.paddingLeft = `${(level - 1) * indentPx}px`;
    this.element.className = ["row", `kind-${row.kind}`, row.change ?? "", focused ? "focused" : ""].join(" ");
    setText(this.label, row.label);
    setText(this.description, row.description);
    this.icon.className = `icon codicon ${codicon(row.icon)}`;
    this.twistie.className = `twistie ${row.expandable ? `codicon ${codicon(open ? "chevron-down" : "chevron-right")}` : ""}`;
    this.element.dataset.vscodeContext = contextOf(row);
    this.showMark(shown);
    this.describe(shown, focused);
  }

  private showMark({ row, open }: ShownRow): void {
    this.mark.hidden = row.change === undefined;
    if (row.change === undefined) return;
    // An open row's changed children say the word themselves.
    setText(this.markWord, row.change === "updated" && open ? "" : marks[row.change].word);
    this.markIcon.className = `mark-icon codicon ${codicon(marks[row.change].icon)}`;
  }

  private describe({ row, level, open, place, siblings }: ShownRow, focused: boolean): void {
    const change = row.change
      ? `, ${row.expandable && row.change === "updated" ? "changed inside" : marks[row.change].word}`
      : "";
    const name = `${row.label}${row.description ? ` ${row.description}` : ""}${change}`;
    this.element.title = row.place ? `${name}\n${fileName(row.place.path)}:${row.place.line}` : name;
    this.setAria("label", name);
    this.setAria("level", String(level));
    this.setAria("posinset", String(place));
    this.setAria("setsize", String(siblings));
    this.setAria("selected", String(focused));
    if (row.expandable) this.setAria("expanded", String(open));
    else this.element.removeAttribute("aria-expanded");
  }

  private setAria(name: string, value: string): void {
    this.element.setAttribute(`aria-${name}`, value);
  }
}

/** What VS Code hands the commands of the row's context menu; its own entries, Cut and Paste, make no sense here. */
function contextOf({ id, kind, label, description }: ShownRow["row"]): string {
  const isOfTable = id.startsWith("more:");
  return JSON.stringify({
    preventDefaultContextMenuItems: true,
    webviewSection: isOfTable ? "none" : kind,
    k8snetRow: id,
    k8snetLabel: `${label} ${description}`.trim(),
  });
}

function part(className: string): HTMLElement {
  const element = document.createElement("span");
  element.className = className;
  return element;
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Icon names come from the session: only what can be a codicon's name becomes a class. */
function codicon(name: string): string {
  return /^[a-z0-9-]+$/.test(name) ? `codicon-${name}` : "codicon-circle-small";
}

function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
