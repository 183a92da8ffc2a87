/**
 * A client that nobody here has written: Emacs' dap-mode, without a screen, against `k8snet dap` on standard input and output.
 * Needs Emacs and dap-mode (on Debian: emacs-nox, elpa-dap-mode).
 */

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const projectFolder = fileURLToPath(new URL("../..", import.meta.url));
const script = fileURLToPath(new URL("session.el", import.meta.url));
const program = join(projectFolder, "test/labs/same-node-ping.k8snet");
const limitMs = 180_000;

export async function run() {
  requireDapMode();
  const folder = mkdtempSync(join(tmpdir(), "k8snet-emacs-"));
  try {
    const { out, error, code } = await emacs(folder);
    process.stdout.write(out);
    const failures = out
      .split("\n")
      .filter((line) => line.startsWith("not ok "))
      .map((line) => line.slice("not ok ".length));
    const passed = out.split("\n").filter((line) => line.startsWith("ok ")).length;
    if (code !== 0 && failures.length === 0) failures.push(`Emacs ended with ${code}: ${lastLines(error)}`);
    return { passed, failed: failures.length, failures };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function requireDapMode() {
  const found = spawnSync("emacs", ["--batch", "--eval", "(progn (package-initialize) (require 'dap-mode))"]);
  if (found.error) throw new Error("There is no emacs; on Debian: apt-get install emacs-nox elpa-dap-mode");
  if (found.status !== 0) throw new Error("Emacs has no dap-mode; on Debian: apt-get install elpa-dap-mode");
}

/** @param {string} folder @returns {Promise<{ out: string, error: string, code: number | null }>} */
function emacs(folder) {
  return new Promise((done) => {
    const cli = join(projectFolder, "dist/cli.js");
    const args = ["--batch", "-l", script, program, process.execPath, cli, folder];
    const child = spawn("emacs", args, { env: { ...process.env, HOME: folder }, stdio: ["ignore", "pipe", "pipe"] });
    const late = setTimeout(() => child.kill(), limitMs);
    let [out, error] = ["", ""];
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (error += text));
    child.on("close", (code) => {
      clearTimeout(late);
      done({ out, error, code });
    });
  });
}

/** @param {string} text */
function lastLines(text) {
  return text.trim().split("\n").slice(-3).join(" / ");
}
