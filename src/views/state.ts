import "./state/state.css";
import { showPosition } from "./state/header.ts";
import type { MessageFromView, MessageToView, ViewRow } from "./state/messages.ts";
import { RowLoader } from "./state/row-loader.ts";
import { TreeElement } from "./state/tree-element.ts";
import { TreeModel } from "./state/tree-model.ts";

/** What outlives a hidden webview. */
interface Saved {
  readonly sessionKey: string | null;
  readonly opened: readonly (readonly [string, boolean])[];
  readonly focused?: string;
  readonly scrollTop: number;
}

interface Host {
  postMessage(message: MessageFromView): void;
  getState(): Saved | undefined;
  setState(state: Saved): void;
}

declare function acquireVsCodeApi(): Host;

const host = acquireVsCodeApi();
const model = new TreeModel();
const loader = new RowLoader(model, (request, row) => host.postMessage({ kind: "rows", request, ...row }));
const tree = new TreeElement(byId("tree"), model, { onViewChange, onActivate });
const saved = host.getState();
let sessionKey: string | null = null;

if (saved) model.restoreOpened(saved.opened);
byId("open-sample").addEventListener("click", () => host.postMessage({ kind: "open sample" }));
byId("debug").addEventListener("click", () => host.postMessage({ kind: "debug" }));
window.addEventListener("message", (event: MessageEvent<MessageToView>) => receive(event.data));
host.postMessage({ kind: "ready" });

function receive(message: MessageToView): void {
  switch (message.kind) {
    case "session":
      showSession(message.key);
      break;
    case "state":
      showPosition(byId("position"), message.position, message.phase);
      model.outdate();
      break;
    case "rows":
      if (!loader.receive(message.request, message.rows)) return;
      break;
    case "collapse all":
      model.collapseAll();
      break;
  }
  refresh();
}

function showSession(key: string | null): void {
  if (key === sessionKey) return;
  const restored = sessionKey === null && key !== null && key === saved?.sessionKey;
  sessionKey = key;
  byId("session").hidden = key === null;
  byId("empty").hidden = key !== null;
  loader.reset();
  model.clear();
  if (restored) tree.restore(saved.focused, saved.scrollTop);
}

function refresh(): void {
  tree.render();
  onViewChange();
}

function onViewChange(): void {
  if (sessionKey !== null) loader.load(...tree.drawnRange());
  byId("tree").setAttribute("aria-busy", String(loader.busy));
  host.setState({ sessionKey, opened: model.openedByUser(), focused: tree.focused, scrollTop: tree.scrollTop });
}

function onActivate(row: ViewRow, parentId: string, by: "keyboard" | "pointer"): void {
  if (row.kind === "more") {
    model.showMore(parentId);
    refresh();
  } else if (row.place) {
    host.postMessage({ kind: "reveal", place: row.place, keepFocus: by === "pointer" });
  }
}

function byId(id: string): HTMLElement {
  return document.getElementById(id)!;
}
