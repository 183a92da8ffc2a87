/** What someone does in the workbench, step by step. Takes screenshots, in a light and a dark theme, into .cache/screenshots. */

import { mkdirSync } from "node:fs";
import { firstSession } from "./first-session.mjs";
import { themes, withWorkbench } from "./open.mjs";
import { packetBreakpointSession } from "./packet-breakpoint.mjs";
import { Steps, screenshotFolder } from "./steps.mjs";

/** @returns {Promise<import("./steps.mjs").Results>} */
export async function runWorkbench() {
  mkdirSync(screenshotFolder, { recursive: true });
  /** @type {import("./steps.mjs").Results} */
  const results = { passed: [], failed: [] };
  for (const [shade, theme] of Object.entries(themes)) {
    await withWorkbench({ theme }, (workbench) => firstSession(new Steps(workbench, "first", shade, results)));
    await withWorkbench({ theme }, (workbench) =>
      packetBreakpointSession(new Steps(workbench, "packet-breakpoint", shade, results)),
    );
  }
  return results;
}
