/** A fresh VS Code with the sample open in it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../../scripts/lib/tools.mjs";
import { startVscodeHost } from "../../../scripts/vscode-host.mjs";
import { launchBrowser, sampleName, withSampleWorkspace } from "../browser.mjs";
import { Workbench } from "./workbench.mjs";

export const themes = { light: "Default Light Modern", dark: "Default Dark Modern" };

/**
 * @param {{ theme: string, settings?: Record<string, unknown>, width?: number, height?: number }} options
 * @param {(workbench: Workbench) => Promise<void>} use
 */
export async function withWorkbench({ theme, settings, width = 1280, height = 900 }, use) {
  await withSampleWorkspace(async (folder) => {
    const vscode = await startVscodeHost({ settings: { ...settings, "workbench.colorTheme": theme } });
    const browser = await launchBrowser();
    try {
      const workbench = new Workbench(await browser.newPage({ viewport: { width, height } }));
      await workbench.open(vscode.workbenchUrl({ folder, file: join(folder, sampleName), extension: projectFolder }));
      await use(workbench);
    } finally {
      await browser.close();
      await vscode.stop();
    }
  });
}

/** From 1. @param {RegExp} text */
export function lineInSample(text) {
  const lines = readFileSync(join(projectFolder, "test", "labs", sampleName), "utf8").split("\n");
  return lines.findIndex((line) => text.test(line)) + 1;
}
