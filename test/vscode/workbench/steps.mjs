import { join } from "node:path";
import { cacheFolder } from "../../../scripts/lib/tools.mjs";

export const screenshotFolder = join(cacheFolder, "screenshots");

/** @typedef {{ passed: string[], failed: { name: string, error: string }[] }} Results */

/** The checks of one session: after one has failed the others would only repeat it. */
export class Steps {
  /** @param {import("./workbench.mjs").Workbench} workbench @param {string} name For the screenshots. @param {string} shade @param {Results} results */
  constructor(workbench, name, shade, results) {
    this.workbench = workbench;
    this.name = name;
    this.shade = shade;
    this.results = results;
    this.taken = 0;
    this.broken = false;
  }

  /** @param {string} name @param {() => Promise<void>} run */
  step = async (name, run) => {
    if (this.broken) return;
    const title = `${name} (${this.shade})`;
    try {
      await run();
      this.results.passed.push(title);
    } catch (error) {
      this.broken = true;
      this.results.failed.push({ name: title, error: error instanceof Error ? (error.stack ?? "") : String(error) });
    }
    const path = join(screenshotFolder, `${this.name}-${this.shade}-${++this.taken}.png`);
    await this.workbench.page.screenshot({ path });
  };
}
