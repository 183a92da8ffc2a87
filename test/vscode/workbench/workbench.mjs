/** The VS Code workbench as someone sees and handles it. */

import { expectText, untilTrue } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

const boxOfRow = ".custom-view-tree-node-item-checkbox";

export class Workbench {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.stateView = page.frameLocator("iframe.webview").frameLocator("#active-frame");
  }

  /** @param {string} url */
  async open(url) {
    await this.page.goto(url);
    await this.page.locator(".monaco-editor .view-line").first().waitFor({ timeout: 60_000 });
    // The outline's breadcrumb comes from the extension: it is at work.
    await this.page.locator(".codelens-decoration a").first().waitFor({ timeout: 30_000 });
  }

  /** Clicks left of the line's number. @param {number} line From 1. */
  async toggleBreakpoint(line) {
    const number = this.page.locator(".margin-view-overlays .line-numbers", { hasText: new RegExp(`^${line}$`) });
    const box = await number.first().boundingBox();
    const margin = await this.page.locator(".monaco-editor .margin").first().boundingBox();
    if (!box || !margin) throw new Error(`Line ${line} is not in sight`);
    await this.page.mouse.click(margin.x + 10, box.y + box.height / 2);
    await this.page.locator('.monaco-editor [class*="codicon-debug-breakpoint"]').first().waitFor({ timeout: 10_000 });
  }

  /** `pane`: one that must be there. VS Code hides Breakpoints while there is none. */
  async openRunAndDebug(pane = "Breakpoints") {
    await this.page.keyboard.press("Control+Shift+D");
    await this.pane(pane).waitFor();
  }

  /** @param {number} width Pixels. */
  async widenSideBar(width) {
    const bar = await this.page.locator(".part.sidebar").boundingBox();
    if (!bar) throw new Error("There is no side bar");
    await this.page.mouse.move(bar.x + bar.width, bar.y + bar.height / 2);
    await this.page.mouse.down();
    await this.page.mouse.move(bar.x + width, bar.y + bar.height / 2, { steps: 5 });
    await this.page.mouse.up();
  }

  /** A section of the side bar. @param {string} title */
  pane(title) {
    return this.page.locator(".pane", { has: this.page.locator(`.pane-header[aria-label^="${title}"]`) });
  }

  /** @param {string} title */
  async collapse(title) {
    const header = this.pane(title).locator(".pane-header");
    if ((await header.getAttribute("aria-expanded")) === "true") await header.click();
  }

  /** With the + of the Breakpoints section. @param {string} name */
  async addFunctionBreakpoint(name) {
    const pane = this.pane("Breakpoints");
    await pane.locator(".pane-header").hover();
    await pane.locator('.pane-header .action-label[aria-label^="Add Function Breakpoint"]').click();
    await pane.locator("input[placeholder]").last().waitFor();
    await this.page.keyboard.type(name);
    await this.page.keyboard.press("Enter");
    await pane.locator(".monaco-list-row", { hasText: name }).waitFor();
  }

  /** What stands beside a section's title. @param {string} title */
  async besideTitle(title) {
    const texts = await this.pane(title).locator(".pane-header .description").allInnerTexts();
    return texts.join("").trim();
  }

  /** A row of a tree in the side bar. @param {string} pane @param {string} label */
  row(pane, label) {
    return this.pane(pane).locator(".monaco-list-row", { hasText: label }).first();
  }

  /** @param {string} pane @param {string} label */
  async unfold(pane, label) {
    const row = this.row(pane, label);
    if ((await row.getAttribute("aria-expanded")) !== "true") await row.locator(".monaco-tl-twistie").click();
    await untilTrue(async () => (await row.getAttribute("aria-expanded")) === "true", `${label} to be unfolded`);
  }

  /** Clicks the row's check box. @param {string} pane @param {string} label */
  async toggleBox(pane, label) {
    await this.row(pane, label).locator(boxOfRow).click();
  }

  /** @param {string} pane @param {string} label */
  async isChecked(pane, label) {
    return (await this.row(pane, label).locator(boxOfRow).getAttribute("aria-checked")) === "true";
  }

  /** @param {string} title */
  async expand(title) {
    const header = this.pane(title).locator(".pane-header");
    if ((await header.getAttribute("aria-expanded")) !== "true") await header.click();
  }

  /** Into the editor, where the cursor is. @param {string} text */
  async type(text) {
    await this.page.keyboard.press("Control+1");
    await this.page.keyboard.press("End");
    await this.page.keyboard.type(` ${text}`);
  }

  /** @returns {Promise<string[]>} */
  async debugConsole() {
    return this.rowsOf(this.page.locator(".repl .monaco-list-row"));
  }

  async pressF5() {
    await this.page.locator(".monaco-editor .view-lines").first().click();
    await this.page.keyboard.press("F5");
  }

  /** Folds what stands above the state view, and waits for its rows. */
  async roomForState() {
    for (const title of ["Variables", "Watch", "Breakpoints"]) await this.collapse(title);
    await this.pane("Network State").waitFor();
    await this.stateView.locator('[role="treeitem"]').first().waitFor();
  }

  /** @param {() => Promise<boolean>} arrived */
  async continueUntil(arrived) {
    await this.pressUntil("Continue", arrived);
  }

  /** Presses a button of the debug toolbar again and again; looks each time the session stands still. @param {string} label @param {() => Promise<boolean>} arrived */
  async pressUntil(label, arrived) {
    for (let presses = 0; presses < 40; presses++) {
      if (await arrived()) return;
      const position = await this.position();
      await this.press(label);
      await untilTrue(async () => (await this.position()) !== position, `the session to move on from ${position}`);
    }
    throw new Error(`${label}, pressed 40 times, does not lead there. State:\n${(await this.stateRows()).join("\n")}`);
  }

  /** The line above the state view; undefined while the session runs. @returns {Promise<string>} */
  async position() {
    let text = "";
    await untilTrue(async () => {
      text = (await this.stateView.locator("#position").textContent()) ?? "";
      return /^(Paused|At the end)/.test(text);
    }, "the session to stand still");
    return text;
  }

  /** The button of the debug toolbar. @param {string} label */
  async press(label) {
    const button = this.page.locator(`.debug-toolbar .action-label[aria-label^="${label}"]`);
    await untilTrue(async () => !(await button.getAttribute("class"))?.includes("disabled"), `${label} to be enabled`);
    await button.click();
  }

  /** Frames and threads, one line each. @returns {Promise<string[]>} */
  async callStack() {
    return this.rowsOf(this.pane("Call Stack").locator(".monaco-list-row"));
  }

  /** The number of the line that carries the arrow. @returns {Promise<string | undefined>} */
  async arrowLine() {
    const arrow = this.page.locator('.monaco-editor [class*="stackframe"][class*="codicon"]');
    const at = await arrow
      .first()
      .boundingBox({ timeout: 2_000 })
      .catch(() => null);
    if (!at) return undefined;
    for (const number of await this.page.locator(".margin-view-overlays .line-numbers").all()) {
      const box = await number.boundingBox();
      if (box && Math.abs(box.y + box.height / 2 - at.y - at.height / 2) < box.height / 2)
        return (await number.textContent())?.trim();
    }
    return undefined;
  }

  /** The rows of the state view that are in sight, as a screen reader hears them. @returns {Promise<string[]>} */
  async stateRows() {
    return (await this.treeItems()).evaluateAll((rows) => rows.map((row) => row.getAttribute("aria-label") ?? ""));
  }

  /** Types the row's name in the state view, then this key. @param {string} label @param {string} key */
  async keyOnStateRow(label, key) {
    await this.stateView.locator(`[role="treeitem"][aria-label^="${label}"]`).first().waitFor();
    await this.stateView.locator("#tree").focus();
    await this.page.keyboard.press("Home");
    await this.page.keyboard.type(label);
    const focused = await this.stateView.locator(".row.focused").getAttribute("aria-label");
    if (!focused?.startsWith(label)) throw new Error(`Typing ${label} leads to ${focused}`);
    await this.page.keyboard.press(key);
  }

  /** The line and column that the status bar shows. @returns {Promise<string>} */
  async cursor() {
    return (await this.page.locator('.statusbar-item[id="status.editor.selection"]').textContent()) ?? "";
  }

  /** The rows below this one. @param {string} label @returns {Promise<string[]>} */
  async stateRowsBelow(label) {
    return (await this.treeItems()).evaluateAll((rows, wanted) => {
      const level = (/** @type {Element} */ row) => Number(row.getAttribute("aria-level"));
      const name = (/** @type {Element} */ row) => row.getAttribute("aria-label") ?? "";
      const first = rows.findIndex((row) => name(row).startsWith(wanted));
      if (first < 0) return [];
      const end = rows.findIndex((row, index) => index > first && level(row) <= level(rows[first]));
      return rows.slice(first + 1, end < 0 ? undefined : end).map(name);
    }, label);
  }

  /** Once those in sight are up to date. */
  async treeItems() {
    await this.stateView.locator('#tree[aria-busy="false"]').waitFor();
    return this.stateView.locator('[role="treeitem"]');
  }

  /** @param {import("playwright-core").Locator} rows @returns {Promise<string[]>} */
  async rowsOf(rows) {
    return (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
  }

  /** @param {string} fragment */
  async callStackShows(fragment) {
    await expectText(() => this.callStack(), fragment, "the call stack");
  }
}
