/**
 * `npm start`: installs, builds, and opens the sample workspace in a VS Code with the extension loaded. The first of these
 * that works: `code` on the PATH; a VS Code downloaded by @vscode/test-electron; the browser VS Code of vscode-host.mjs,
 * on 127.0.0.1. K8SNET_HOST=code|download|browser tries that one only. Ctrl-C ends what was started.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { openInstalledVscode, runDownloadedVscode } from "./lib/desktop-vscode.mjs";
import { prepare } from "./lib/prepare.mjs";
import { cacheFolder, exitOnSignals, messageOf, projectFolder } from "./lib/tools.mjs";
import { startVscodeHost } from "./vscode-host.mjs";

const firstBrowserPort = 3000;

/** @typedef {{ project: string, folder: string, file: string }} Workspace */

/** In the order in which they are tried. Each resolves when its work is done, and throws where it cannot be had. */
const hosts = {
  code: openInstalledVscode,
  download: runDownloadedVscode,
  browser: serveBrowserVscode,
};

exitOnSignals();
await main().catch((error) => {
  console.error(messageOf(error));
  process.exit(1);
});

async function main() {
  const order = chosenHosts();
  await prepare();
  const workspace = sampleWorkspace();
  for (const [index, name] of order.entries()) {
    try {
      await hosts[name](workspace, console.log);
      process.exit(0);
    } catch (error) {
      if (index === order.length - 1) throw error;
      console.log(`${messageOf(error)} Trying the next way.`);
    }
  }
}

function chosenHosts() {
  const names = /** @type {(keyof typeof hosts)[]} */ (Object.keys(hosts));
  const wanted = process.env.K8SNET_HOST;
  if (wanted === undefined || wanted === "") return names;
  const chosen = names.filter((name) => name === wanted);
  if (chosen.length === 0) throw new Error(`K8SNET_HOST=${wanted} is none of ${names.join(", ")}.`);
  return chosen;
}

/** @returns {Workspace} */
function sampleWorkspace() {
  const folder = join(projectFolder, "test", "labs");
  const file = join(folder, "same-node-ping.k8snet");
  if (!existsSync(file)) throw new Error(`The sample ${file} is missing.`);
  return { project: projectFolder, folder, file };
}

/** @param {Workspace} workspace @param {(line: string) => void} log */
async function serveBrowserVscode({ project, folder, file }, log) {
  const host = await startVscodeHost({ port: firstBrowserPort, dataFolder: join(cacheFolder, "vscode-start"), log });
  log("VS Code runs in the browser. Open this page (Ctrl-C here ends it):");
  log(`\n  ${host.workbenchUrl({ folder, file, extension: project })}\n`);
  await host.ended;
  throw new Error(`The VS Code server has ended:\n${host.output().slice(-2_000)}`);
}
