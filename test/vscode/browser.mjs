/** Chromium, and a workspace to open in it. */

import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { projectFolder } from "../../scripts/lib/tools.mjs";

export const sampleName = "same-node-ping.k8snet";
const usualPlaces = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** @returns {Promise<import("playwright-core").Browser>} */
export async function launchBrowser() {
  const executablePath = [process.env.CHROMIUM_PATH ?? "", ...usualPlaces].find(
    (path) => path !== "" && existsSync(path),
  );
  if (executablePath === undefined) {
    throw new Error("There is no Chromium. Install it (Debian: apt-get install chromium) or set CHROMIUM_PATH.");
  }
  const quiet = ["--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", ...quiet] });
}

/**
 * A folder with a copy of the sample, gone after use.
 * @template T
 * @param {(folder: string) => Promise<T>} use
 */
export async function withSampleWorkspace(use) {
  const folder = mkdtempSync(join(tmpdir(), "k8snet-workspace-"));
  try {
    copyFileSync(join(projectFolder, "test", "labs", sampleName), join(folder, sampleName));
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
