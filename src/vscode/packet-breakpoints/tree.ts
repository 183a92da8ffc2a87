import * as vscode from "vscode";
import { commandIds, packetBreakpointsViewId } from "../identifiers.ts";
import { networkSession, onDidChangeNetworkSession } from "../network-session.ts";
import {
  type BreakpointKey,
  countText,
  PacketBreakpoints,
  type StageGroup,
  stageGroups,
  type Wish,
  wishText,
} from "./model.ts";

/** A row of the tree. */
type Row =
  | { readonly kind: "group"; readonly group: StageGroup }
  | { readonly kind: "watched" }
  | { readonly kind: "breakpoint"; readonly key: BreakpointKey };

const savedKey = "k8snet.packetBreakpoints";
const groups = stageGroups();

/**
 * "Packet breakpoints" in the Run and Debug side bar: a check box for every kind of event, as browsers have for those of a page, and
 * the rows that are watched. What is checked is the workspace's, and every session's.
 */
export class PacketBreakpointsTree implements vscode.TreeDataProvider<Row> {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly memory: vscode.Memento;
  private breakpoints: PacketBreakpoints;
  /** Why some do not bind in the session at hand, by the name of what they are on. */
  private problems: ReadonlyMap<string, string> = new Map();

  static register({ workspaceState }: vscode.ExtensionContext): {
    readonly tree: PacketBreakpointsTree;
    readonly registration: vscode.Disposable;
  } {
    const tree = new PacketBreakpointsTree(workspaceState);
    const view = vscode.window.createTreeView<Row>(packetBreakpointsViewId, {
      treeDataProvider: tree,
      manageCheckboxStateManually: true,
    });
    // Beside the title, which is in sight where the tree is folded.
    const count = () => {
      view.description = countText(tree.requested.length);
    };
    count();
    const told = new Set<string>();
    const on = (id: string, act: (row: Row) => unknown) => vscode.commands.registerCommand(id, act);
    const registration = vscode.Disposable.from(
      view,
      tree.changed,
      tree.changed.event(count),
      view.onDidChangeCheckboxState(({ items }) => tree.check(items)),
      // They may have changed while the user was in another session. One that has just begun is told when it has launched.
      onDidChangeNetworkSession((session) => session && told.has(session.id) && tree.tell(session)),
      vscode.debug.onDidReceiveDebugSessionCustomEvent(({ session, event, body }) => {
        if (event !== "k8snet/state" || body.reason !== "launched") return;
        told.add(session.id);
        void tree.tell(session);
      }),
      vscode.debug.onDidTerminateDebugSession(({ id }) => told.delete(id)),
      on(commandIds.editPacketCondition, (row) => tree.edit(row, "condition")),
      on(commandIds.editPacketHitCount, (row) => tree.edit(row, "hitCondition")),
      on(commandIds.editPacketLogMessage, (row) => tree.edit(row, "logMessage")),
      on(commandIds.removeWatchedData, (row) => tree.remove(row)),
      vscode.commands.registerCommand(commandIds.clearPacketBreakpoints, () => tree.set(tree.breakpoints.allOff())),
    );
    return { tree, registration };
  }

  private constructor(memory: vscode.Memento) {
    this.memory = memory;
    this.breakpoints = new PacketBreakpoints(memory.get(savedKey));
  }

  /** As a launch takes them: they hold from the first event on. */
  get requested(): ReturnType<PacketBreakpoints["requested"]> {
    return this.breakpoints.requested();
  }

  /** Stops where this row changes. */
  watch(dataId: string, description: string): void {
    this.set(this.breakpoints.watching(dataId, description));
  }

  getChildren(row?: Row): Row[] {
    const { data } = this.breakpoints.saved;
    if (row === undefined) {
      const watched: Row[] = data.length === 0 ? [] : [{ kind: "watched" }];
      return [...watched, ...groups.map((group) => ({ kind: "group" as const, group }))];
    }
    if (row.kind === "watched") return data.map(({ dataId }) => ({ kind: "breakpoint", key: { dataId } }));
    return row.kind === "group" ? row.group.stages.map((stage) => ({ kind: "breakpoint", key: { stage } })) : [];
  }

  getTreeItem(row: Row): vscode.TreeItem {
    if (row.kind === "breakpoint") return this.itemOf(row.key);
    const label = row.kind === "group" ? row.group.label : "Watched rows";
    const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = label;
    const keys = this.keysOf(row);
    const on = keys.filter((key) => this.breakpoints.of(key).isEnabled).length;
    if (on > 0) item.description = on === keys.length ? "all" : String(on);
    item.checkboxState = boxOf(on === keys.length, `Stop at all of ${label}`);
    return item;
  }

  private itemOf(key: BreakpointKey): vscode.TreeItem {
    const breakpoint = this.breakpoints.of(key);
    const name = nameOf(key);
    const description = this.breakpoints.saved.data.find((one) => one.dataId === name)?.description;
    const item = new vscode.TreeItem(description ?? name);
    item.id = name;
    item.description = wishText(breakpoint);
    item.checkboxState = boxOf(breakpoint.isEnabled, `Stop at ${description ?? name}`);
    item.contextValue = "stage" in key ? "stage" : "data";
    const problem = this.problems.get(name);
    item.tooltip = problem ?? [description ?? name, wishText(breakpoint)].filter(Boolean).join(" ");
    if (problem !== undefined) item.iconPath = new vscode.ThemeIcon("warning");
    else if (breakpoint.logMessage) item.iconPath = new vscode.ThemeIcon("debug-breakpoint-log");
    return item;
  }

  private keysOf(row: Row): readonly BreakpointKey[] {
    if (row.kind === "breakpoint") return [row.key];
    return this.getChildren(row).flatMap((child) => (child.kind === "breakpoint" ? [child.key] : []));
  }

  /** A group's box stands for all of its own. */
  private check(items: readonly (readonly [Row, vscode.TreeItemCheckboxState])[]): void {
    let changed = this.breakpoints;
    for (const [row, state] of items) {
      const isEnabled = state === vscode.TreeItemCheckboxState.Checked;
      for (const key of this.keysOf(row)) changed = changed.with(key, { isEnabled });
    }
    this.set(changed);
  }

  private async edit(row: Row, wish: keyof Wish): Promise<void> {
    if (row?.kind !== "breakpoint") return;
    const value = this.breakpoints.of(row.key)[wish];
    const text = await vscode.window.showInputBox({ ...prompts[wish], title: nameOf(row.key), value });
    if (text === undefined) return;
    this.set(this.breakpoints.with(row.key, { [wish]: text.trim() || undefined, isEnabled: true }));
  }

  private remove(row: Row): void {
    if (row?.kind === "breakpoint" && "dataId" in row.key) this.set(this.breakpoints.without(row.key.dataId));
  }

  private set(breakpoints: PacketBreakpoints): void {
    this.breakpoints = breakpoints;
    void this.memory.update(savedKey, breakpoints.saved);
    this.changed.fire();
    const session = networkSession();
    if (session) void this.tell(session);
  }

  /** A session that has just begun has them from its launch; here it says what became of them. */
  private async tell(session: vscode.DebugSession): Promise<void> {
    if (session.configuration.noDebug) return;
    const breakpoints = this.requested;
    try {
      const answer = await session.customRequest("k8snet/setPacketBreakpoints", { breakpoints });
      const rows: readonly { verified: boolean; message?: string; reason?: string }[] = answer.breakpoints;
      this.problems = new Map(
        rows.flatMap(({ verified, message, reason }, index) => {
          const one = breakpoints[index];
          const isKnown = !verified && message !== undefined && reason !== "pending";
          return isKnown ? [["name" in one ? one.name : one.dataId, message] as const] : [];
        }),
      );
    } catch {
      // The session is just ending; the next one is told again.
      this.problems = new Map();
    }
    this.changed.fire();
  }
}

const prompts: Readonly<Record<keyof Wish, vscode.InputBoxOptions>> = {
  condition: {
    prompt: "Stop only if this is true; empty: always",
    placeHolder: 'ip.src == "10.244.0.0/16" && tcp.flags.syn',
  },
  hitCondition: { prompt: "Stop only at these hits; empty: at every one", placeHolder: "5, >= 5 or % 3" },
  logMessage: {
    prompt: "Print this instead of stopping; empty: stop",
    placeHolder: "{ip.src} asks for {arp.dst.proto_ipv4}",
  },
};

function nameOf(key: BreakpointKey): string {
  return "stage" in key ? key.stage : key.dataId;
}

/** `label`: what a screen reader says. */
function boxOf(isOn: boolean, label: string): vscode.TreeItem["checkboxState"] {
  const { Checked, Unchecked } = vscode.TreeItemCheckboxState;
  return { state: isOn ? Checked : Unchecked, tooltip: label, accessibilityInformation: { label } };
}
