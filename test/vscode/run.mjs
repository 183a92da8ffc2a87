/**
 * The extension in a real VS Code: `suite/` through its API inside both extension hosts, `workbench/` with mouse and
 * keyboard. `node test/vscode/run.mjs NAME…` runs a part: node, web, workbench, or desktop (which `npm test` leaves out,
 * since it downloads VS Code and needs a screen).
 */

import { pathToFileURL } from "node:url";
import { runInBrowser, runOnDesktop } from "./extension-host.mjs";
import { runWorkbench } from "./workbench/sessions.mjs";

/** @typedef {{ passed: readonly string[], failed: readonly { name: string, error: string }[] }} PartResults */

/** @type {Record<string, { title: string, run: () => Promise<PartResults> }>} */
const parts = {
  node: { title: "Node extension host", run: () => runInBrowser("node") },
  web: { title: "web worker extension host", run: () => runInBrowser("web worker") },
  workbench: { title: "workbench", run: runWorkbench },
  desktop: { title: "desktop", run: runOnDesktop },
};

/** @param {readonly string[]} [names] @returns {Promise<{ passed: number, failed: number, failures: string[] }>} */
export async function run(names = ["node", "web", "workbench"]) {
  let passed = 0;
  /** @type {string[]} */
  const failures = [];
  for (const { title, run } of names.map((name) => parts[name])) {
    console.log(`\n${title}`);
    const results = await run().catch((error) => ({
      passed: [],
      failed: [{ name: "could not run", error: error.stack }],
    }));
    for (const name of results.passed) console.log(`  ok      ${name}`);
    for (const { name, error } of results.failed)
      console.log(`  FAILED  ${name}\n${error.replace(/^/gm, "          ")}`);
    passed += results.passed.length;
    failures.push(...results.failed.map(({ name, error }) => `${title}: ${name}: ${error.split("\n")[0]}`));
  }
  return { passed, failed: failures.length, failures };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const names = process.argv.slice(2);
  const unknown = names.find((name) => !(name in parts));
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}": ${Object.keys(parts).join(", ")}`);
  const { passed, failed } = await run(names.length > 0 ? names : undefined);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
