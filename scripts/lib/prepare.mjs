/** What must be there before anything runs: the right Node, the dependencies, a build. Uses nothing that npm installs. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder, runNpm } from "./tools.mjs";

/** @param {(line: string) => void} log */
export async function prepare(log = console.log) {
  checkNode();
  const lacking = lackingDependency();
  if (lacking !== undefined) {
    log(`Installing dependencies (${lacking})`);
    await runNpm(["ci", "--no-audit", "--no-fund"], { label: "npm ci", log });
  }
  const { build } = await import("../build.mjs");
  log("Building");
  await build({ log: () => {} });
}

/** The manifest says which Node is needed; the build tools would fail on an older one in ways that do not say so. */
function checkNode() {
  const wanted = /(\d+)\.(\d+)/.exec(readJson(join(projectFolder, "package.json")).engines.node);
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [, wantedMajor, wantedMinor] = (wanted ?? []).map(Number);
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor))
    throw new Error(`This needs Node ${wantedMajor}.${wantedMinor} or newer; this is ${process.versions.node}.`);
}

/**
 * Why `npm ci` is due, or undefined where node_modules already holds what the lock file names. Compares versions, not
 * file times, which say nothing after a checkout.
 */
function lackingDependency() {
  const installedFile = join(projectFolder, "node_modules", ".package-lock.json");
  if (!existsSync(installedFile)) return "there are none yet";
  const installed = readJson(installedFile).packages;
  for (const [path, wanted] of Object.entries(readJson(join(projectFolder, "package-lock.json")).packages)) {
    if (path === "" || installed[path]?.version === wanted.version) continue;
    const forOtherMachines = wanted.optional && installed[path] === undefined;
    if (!forOtherMachines) return `${path.slice(path.lastIndexOf("node_modules/") + 13)} ${wanted.version} is missing`;
  }
  return undefined;
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}
