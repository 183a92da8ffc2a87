/** What the scripts share: where things are, child processes that report progress, a lock between processes. */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const projectFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const cacheFolder = join(projectFolder, ".cache");

const progressEveryMs = 5_000;

/**
 * Runs a program to its end. Its output is kept and shown only if it fails; meanwhile a line every few seconds says
 * that it is still at work.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, label: string, log: (line: string) => void, timeoutMs?: number }} options
 * @returns {Promise<string>} What it printed.
 */
export async function runQuietly(command, args, { cwd = projectFolder, label, log, timeoutMs }) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  const ticker = setInterval(() => log(`  ${label} … ${seconds()} s`), progressEveryMs);
  try {
    const { code, output } = await spawnToEnd(command, args, { cwd, timeoutMs });
    if (code !== 0) throw new Error(`${label} failed (${[command, ...args].join(" ")}):\n${output.slice(-4_000)}`);
    return output;
  } finally {
    clearInterval(ticker);
  }
}

/** npm, run as the same npm that started us where there is one. @type {(args: readonly string[], options: Parameters<typeof runQuietly>[2]) => Promise<string>} */
export async function runNpm(args, options) {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith("npm-cli.js")) return runQuietly(process.execPath, [cli, ...args], options);
  return process.platform === "win32"
    ? runQuietly("cmd.exe", ["/d", "/s", "/c", "npm", ...args], options)
    : runQuietly("npm", args, options);
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, timeoutMs?: number }} options
 * @returns {Promise<{ code: number, output: string }>}
 */
function spawnToEnd(command, args, { cwd, timeoutMs }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (/** @type {string} */ chunk) => {
        output += chunk;
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * Ends a child that was spawned `detached`, with all that it started.
 * @param {import("node:child_process").ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
export function killGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It is already gone.
  }
}

/** The Node binary inside one of the npm packages that carry it. @param {string} folder @param {string} packageName */
export function nodeIsFrom(folder, packageName) {
  const inPackage = process.platform === "win32" ? "node.exe" : "node";
  const binary = join(folder, "node_modules", packageName, "bin", inPackage);
  if (!existsSync(binary)) throw new Error(`The npm package ${packageName} carries no ${binary}`);
  return binary;
}

/**
 * Runs `work` while no other process of this project does. A lock whose owner is gone is taken over.
 * @template T
 * @param {string} lockFile
 * @param {(line: string) => void} log
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(lockFile, log, work) {
  mkdirSync(dirname(lockFile), { recursive: true });
  for (let waited = 0; !tryLock(lockFile); waited++) {
    if (ownerIsGone(lockFile)) rmSync(lockFile, { force: true });
    else if (waited % 50 === 0) log("  waiting for another process that is doing the same …");
    await delay(100);
  }
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/** @param {string} lockFile */
function tryLock(lockFile) {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** @param {string} lockFile */
function ownerIsGone(lockFile) {
  try {
    const owner = Number(readFileSync(lockFile, "utf8"));
    // Made, but its number not yet written.
    if (owner === 0) return false;
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return errorCode(error) === "ESRCH";
  }
}

/** @param {unknown} error */
export function errorCode(error) {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** Lets the handlers of `exit` run, which end what was started, also on Ctrl-C and on a polite kill. */
export function exitOnSignals() {
  for (const [signal, number] of /** @type {const} */ ([
    ["SIGHUP", 1],
    ["SIGINT", 2],
    ["SIGTERM", 15],
  ]))
    process.once(signal, () => process.exit(128 + number));
}
