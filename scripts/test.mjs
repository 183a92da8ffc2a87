/**
 * Everything that can be tested, in one run: `npm test`, or `npm test -- NAME…` for some of its parts (typecheck, lint,
 * unit, or a folder of test/ that has a run.mjs; see test/README.md). Nothing is skipped: what cannot run has failed.
 * The last line is `N passed, N failed`.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { prepare } from "./lib/prepare.mjs";
import { cacheFolder, exitOnSignals, killGroup, messageOf, projectFolder } from "./lib/tools.mjs";

/**
 * @typedef {object} Result
 * @property {number} passed
 * @property {number} failed
 * @property {readonly string[]} [failures] One line for each that failed.
 *
 * @typedef {object} Part
 * @property {string} name
 * @property {() => Promise<Result>} run
 */

const testFolder = join(projectFolder, "test");
/** What takes longer hangs. */
const suiteTimeoutMs = 12 * 60_000;

exitOnSignals();
await main().catch((error) => {
  console.error(messageOf(error));
  console.log("0 passed, 1 failed");
  process.exit(1);
});

async function main() {
  const startedAt = Date.now();
  const parts = chosenParts(process.argv.slice(2));
  await prepare();
  const total = { passed: 0, failed: 0 };
  /** @type {string[]} */
  const failures = [];
  for (const part of parts) {
    const result = await runPart(part);
    total.passed += result.passed;
    total.failed += result.failed;
    failures.push(...(result.failures ?? []).map((failure) => `${part.name}: ${failure}`));
  }
  if (failures.length > 0) console.log(`\nFailed:\n${failures.map((failure) => `  ${failure}`).join("\n")}`);
  console.log(`\nTook ${seconds(startedAt)} s`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  // A suite that was given up may still have something open.
  process.exit(total.failed === 0 ? 0 : 1);
}

/** @param {readonly string[]} names @returns {readonly Part[]} */
function chosenParts(names) {
  const parts = [
    { name: "typecheck", run: () => tool("typecheck", ["typescript/bin/tsc", "--noEmit"]) },
    { name: "lint", run: () => tool("lint", ["@biomejs/biome/bin/biome", "check", "."]) },
    { name: "unit", run: unitTests },
    ...readdirSync(testFolder)
      .filter((folder) => existsSync(join(testFolder, folder, "run.mjs")))
      .map((folder) => ({ name: folder, run: () => suite(folder) })),
  ];
  const unknown = names.find((name) => !parts.some((part) => part.name === name));
  if (unknown !== undefined)
    throw new Error(`There is no part "${unknown}". Parts: ${parts.map((part) => part.name).join(", ")}`);
  return names.length === 0 ? parts : parts.filter((part) => names.includes(part.name));
}

/** @param {Part} part @returns {Promise<Result>} */
async function runPart({ name, run }) {
  const startedAt = Date.now();
  console.log(`\n== ${name}`);
  let result;
  try {
    result = await run();
    if (result.passed + result.failed === 0) result = { passed: 0, failed: 1, failures: ["ran no test"] };
  } catch (error) {
    console.error(error instanceof Error ? error.stack : error);
    result = { passed: 0, failed: 1, failures: [messageOf(error)] };
  }
  console.log(`== ${name}: ${result.passed} passed, ${result.failed} failed (${seconds(startedAt)} s)`);
  return result;
}

/** A checker counts as one test. @param {string} name @param {readonly string[]} args @returns {Promise<Result>} */
async function tool(name, args) {
  const code = await runNodeModule(args);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1, failures: [`npm run ${name} complains`] };
}

/** @returns {Promise<Result>} */
async function unitTests() {
  const reportFile = join(cacheFolder, "unit-tests.json");
  mkdirSync(cacheFolder, { recursive: true });
  rmSync(reportFile, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const code = await runNodeModule(["vitest/vitest.mjs", "run", ...reporters]);
  const report = JSON.parse(readFileSync(reportFile, "utf8"));
  /** @type {string[]} */
  const failures = [];
  for (const { name: file, status, assertionResults, message } of report.testResults) {
    const path = file.slice(projectFolder.length + 1);
    for (const { status, fullName } of assertionResults)
      if (status !== "passed")
        failures.push(`${path}: ${fullName}${status === "failed" ? "" : ` (${status}: not run)`}`);
    if (status === "failed" && assertionResults.length === 0) failures.push(`${path}: ${message.split("\n")[0]}`);
  }
  if (code !== 0 && failures.length === 0) failures.push("an error outside of any test, see above");
  return { passed: report.numPassedTests, failed: failures.length, failures };
}

/** @param {string} folder @returns {Promise<Result>} */
async function suite(folder) {
  const { run } = await import(pathToFileURL(join(testFolder, folder, "run.mjs")).href);
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const tooLong = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not done after ${suiteTimeoutMs / 60_000} minutes, given up`)),
      suiteTimeoutMs,
    );
  });
  try {
    return await Promise.race([run(), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs a program of node_modules to its end; rejects when it takes longer than any that works.
 * @param {readonly string[]} args
 * @returns {Promise<number>} Its exit code.
 */
function runNodeModule([module, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(projectFolder, "node_modules", module), ...args], {
      cwd: projectFolder,
      stdio: ["ignore", "inherit", "inherit"],
      // A test that never ends keeps a worker busy that hears nothing: such a one is ended with its group.
      detached: process.platform !== "win32",
    });
    const end = () => killGroup(child, "SIGKILL");
    process.once("exit", end);
    const timer = setTimeout(() => {
      reject(new Error(`not done after ${suiteTimeoutMs / 60_000} minutes, given up; something never ends`));
      end();
    }, suiteTimeoutMs);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      process.off("exit", end);
      resolve(code ?? 1);
    });
  });
}

/** @param {number} startedAt */
function seconds(startedAt) {
  return Math.round((Date.now() - startedAt) / 1000);
}
