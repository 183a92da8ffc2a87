/** The two ways to a desktop VS Code with the extension loaded. */

import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cacheFolder, killGroup, projectFolder } from "./tools.mjs";

/** A download that brings less than this in one window of time has stalled. */
const stallWindowMs = 10_000;
const stallBytes = 256 * 1024;
/** Unpacking reports nothing. */
const unpackTimeoutMs = 120_000;
/** A window that is closed sooner has not been one: it lacked a library, or a display that works. */
const quickEndMs = 5_000;

/** @typedef {import("../start.mjs").Workspace} Workspace */

/** Hands the workspace to the `code` on the PATH, which returns at once. @param {Workspace} workspace @param {(line: string) => void} log */
export async function openInstalledVscode(workspace, log) {
  const code = findOnPath(process.platform === "win32" ? ["code.cmd", "code.exe"] : ["code"]);
  if (code === undefined) throw new Error("There is no `code` on the PATH.");
  if (/[\\/]remote-cli[\\/]/.test(code))
    throw new Error(`${code} opens files in a remote window, which cannot load an extension under development.`);
  log(`Opening ${workspace.folder} in VS Code (${code})`);
  const args = ["--new-window", ...rootFlags(), ...workspaceArguments(workspace)];
  const exitCode = await runInForeground(code, args);
  if (exitCode !== 0) throw new Error(`${code} ended with exit code ${exitCode}.`);
  log("VS Code has the workspace now: press F5 in same-node-ping.k8snet.");
}

/** Fetches VS Code if need be and runs it until its window is closed. @param {Workspace} workspace @param {(line: string) => void} log */
export async function runDownloadedVscode(workspace, log) {
  if (process.platform === "linux" && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
    throw new Error("There is no display for a desktop VS Code.");
  const executable = await download(log);
  log(`Opening ${workspace.folder} in VS Code (${executable}); Ctrl-C here ends it`);
  const startedAt = Date.now();
  const data = join(cacheFolder, "vscode-desktop");
  const exitCode = await runInForeground(executable, [
    ...["--skip-welcome", "--disable-telemetry", "--disable-workspace-trust"],
    ...["--user-data-dir", join(data, "user"), "--extensions-dir", join(data, "extensions")],
    ...(isRoot() ? ["--no-sandbox"] : []),
    ...workspaceArguments(workspace),
  ]);
  if (exitCode !== 0 && Date.now() - startedAt < quickEndMs)
    throw new Error(`The downloaded VS Code ended with exit code ${exitCode}.`);
}

/** @param {Workspace} workspace */
function workspaceArguments({ project, folder, file }) {
  return [`--extensionDevelopmentPath=${project}`, folder, file];
}

/** VS Code refuses to run as root without these. */
function rootFlags() {
  return isRoot() ? ["--no-sandbox", "--user-data-dir", join(cacheFolder, "vscode-desktop", "user")] : [];
}

function isRoot() {
  return process.getuid?.() === 0;
}

/** @param {readonly string[]} names */
function findOnPath(names) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** @param {string} command @param {readonly string[]} args @returns {Promise<number>} */
function runInForeground(command, args) {
  const [program, ...rest] = command.endsWith(".cmd")
    ? ["cmd.exe", "/d", "/s", "/c", `"${[command, ...args].map((part) => `"${part}"`).join(" ")}"`]
    : [command, ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      cwd: projectFolder,
      stdio: ["ignore", "inherit", "inherit"],
      windowsVerbatimArguments: command.endsWith(".cmd"),
      detached: process.platform !== "win32",
    });
    const killNow = () => killGroup(child, "SIGTERM");
    process.once("exit", killNow);
    child.once("error", reject);
    child.once("exit", (code) => {
      process.off("exit", killNow);
      resolve(code ?? 1);
    });
  });
}

/**
 * Downloads in a child process, which can be ended however the download hangs. @param {(line: string) => void} log
 * @returns {Promise<string>} The executable.
 */
function download(log) {
  log("Looking for a VS Code to download");
  const child = spawn(process.execPath, [join(projectFolder, "scripts", "lib", "download-vscode.mjs")], {
    cwd: projectFolder,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    detached: process.platform !== "win32",
  });
  const end = () => killGroup(child, "SIGKILL");
  process.once("exit", end);
  const result = new Promise((resolve, reject) => {
    const watch = stallWatch(() => reject(new Error("The download of VS Code has stalled.")));
    child.on("message", (/** @type {DownloadMessage} */ message) => {
      if (message.kind === "progress") watch.progress(message, log);
      else if (message.kind === "done") resolve(message.executable);
      else reject(new Error(`VS Code cannot be downloaded (${message.reason}).`));
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error("VS Code cannot be downloaded.")));
    child.once("exit", watch.stop);
  });
  return result.finally(() => {
    end();
    process.off("exit", end);
  });
}

/**
 * @typedef {{ kind: "progress", bytes: number, totalBytes: number }
 *   | { kind: "done", executable: string }
 *   | { kind: "failed", reason: string }} DownloadMessage
 */

/** @param {() => void} onStall */
function stallWatch(onStall) {
  let bytes = 0;
  let totalBytes = 0;
  let bytesAtWindow = 0;
  let windowBegan = Date.now();
  let shownAt = Date.now();
  const timer = setInterval(() => {
    const unpacking = totalBytes > 0 && bytes === totalBytes;
    if (Date.now() - windowBegan < (unpacking ? unpackTimeoutMs : stallWindowMs)) return;
    if (unpacking || bytes - bytesAtWindow < stallBytes) onStall();
    bytesAtWindow = bytes;
    windowBegan = Date.now();
  }, 250);
  return {
    /** @param {{ bytes: number, totalBytes: number }} report @param {(line: string) => void} log */
    progress(report, log) {
      ({ bytes, totalBytes } = report);
      if (Date.now() - shownAt < 2_000 && bytes !== totalBytes) return;
      shownAt = Date.now();
      log(`  VS Code: ${megabytes(bytes)} of ${megabytes(totalBytes)} MB`);
    },
    stop: () => clearInterval(timer),
  };
}

/** @param {number} bytes */
function megabytes(bytes) {
  return Math.round(bytes / 1e6);
}
