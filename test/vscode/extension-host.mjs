/** Runs `suite/` inside an extension host of a real VS Code, and reads what it found. */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { projectFolder } from "../../scripts/lib/tools.mjs";
import { startVscodeHost } from "../../scripts/vscode-host.mjs";
import { launchBrowser, sampleName, withSampleWorkspace } from "./browser.mjs";

const suiteTimeoutMs = 180_000;
const suiteFile = join(projectFolder, "dist", "test", "suite.cjs");
const extensionId = "k8snet.k8snet";

/** @typedef {{ host: string, passed: readonly string[], failed: readonly { name: string, error: string }[] }} SuiteResults */

/** In the VS Code of the browser. @param {"node" | "web worker"} host @returns {Promise<SuiteResults>} */
export async function runInBrowser(host) {
  return withSampleWorkspace(async (folder) => {
    captureFirstPing(folder);
    const vscode = await startVscodeHost({ webExtensions: host === "web worker" ? [extensionId] : [] });
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      /** @type {string[]} */
      const said = [];
      page.on("console", (message) => said.push(message.text()));
      await page.goto(vscode.workbenchUrl({ folder, extension: projectFolder, tests: suiteFile }));
      const results = await untilWritten(join(folder, "suite-results.json"), said);
      if (results.host !== host)
        throw new Error(`The suite ran in the ${results.host} extension host, not in the ${host}`);
      return results;
    } finally {
      await browser.close();
      await vscode.stop();
    }
  });
}

/** In a desktop VS Code, which is downloaded first. @returns {Promise<SuiteResults>} */
export async function runOnDesktop() {
  const { runTests } = await import("@vscode/test-electron");
  return withSampleWorkspace(async (folder) => {
    captureFirstPing(folder);
    const file = join(folder, "suite-results.json");
    await runTests({
      extensionDevelopmentPath: projectFolder,
      extensionTestsPath: suiteFile,
      launchArgs: [folder, "--disable-extensions", "--disable-workspace-trust"],
    }).catch((error) => {
      if (!existsSync(file)) throw error;
    });
    return JSON.parse(readFileSync(file, "utf8"));
  });
}

/** What the suite attaches to. @param {string} folder */
function captureFirstPing(folder) {
  const command = [join(projectFolder, "dist", "cli.js"), "run", sampleName, "--scenario", "first ping"];
  execFileSync(process.execPath, [...command, "--pcap", "first-ping.pcapng"], { cwd: folder, stdio: "pipe" });
}

/** @param {string} file @param {readonly string[]} said @returns {Promise<SuiteResults>} */
async function untilWritten(file, said) {
  const giveUpAt = Date.now() + suiteTimeoutMs;
  while (Date.now() < giveUpAt) {
    if (existsSync(file)) {
      try {
        return JSON.parse(readFileSync(file, "utf8"));
      } catch {
        // Half written.
      }
    }
    await delay(200);
  }
  const last = said
    .filter((text) => /k8snet|ERR/.test(text) && !text.includes("spdlog"))
    .slice(-30)
    .join("\n");
  throw new Error(`The suite did not end within ${suiteTimeoutMs / 1000} s. The workbench said:\n${last}`);
}
