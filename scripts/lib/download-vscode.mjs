/** Child process of desktop-vscode.mjs: downloads VS Code and reports how far it is. */

import { join } from "node:path";
import { download } from "@vscode/test-electron";
import { cacheFolder, messageOf } from "./tools.mjs";

const idleTimeoutMs = 8_000;

/** @param {import("./desktop-vscode.mjs").DownloadMessage} message */
function send(message) {
  process.send?.(message);
}

/** The library tries three times; whoever waits for a window is better served by another kind of VS Code. */
function giveUp(/** @type {unknown} */ error) {
  process.send?.({ kind: "failed", reason: messageOf(error) }, () => process.exit(1));
}

try {
  const executable = await download({
    cachePath: join(cacheFolder, "vscode-desktop"),
    timeout: idleTimeoutMs,
    reporter: {
      report(progress) {
        if ("totalBytes" in progress)
          send({ kind: "progress", bytes: progress.bytesSoFar, totalBytes: progress.totalBytes });
        if ("attempt" in progress) giveUp(progress.error);
      },
      error: giveUp,
    },
  });
  send({ kind: "done", executable });
} catch (error) {
  giveUp(error);
}
