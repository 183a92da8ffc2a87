/**
 * Bundles everything that runs outside the tests into dist/. `--watch` builds again on every change, `--production`
 * leaves out source maps and whitespace.
 */

import { chmodSync, readdirSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { projectFolder } from "./lib/tools.mjs";

const distFolder = join(projectFolder, "dist");
const cliFile = join(distFolder, "cli.js");

/**
 * @param {{ watch?: boolean, production?: boolean, log?: (line: string) => void }} [options]
 */
export async function build({ watch = false, production = false, log = console.log } = {}) {
  const startedAt = Date.now();
  const bundles = allBundles().map((bundle) => ({ ...common(production), ...bundle }));
  if (watch) {
    const contexts = await Promise.all(
      bundles.map((bundle) => esbuild.context({ ...bundle, plugins: [...(bundle.plugins ?? []), reporter(log)] })),
    );
    await Promise.all(contexts.map((context) => context.watch()));
    return;
  }
  const results = await Promise.all(bundles.map((bundle) => esbuild.build(bundle)));
  chmodSync(cliFile, 0o755);
  removeStale(results);
  for (const result of results) for (const line of outputLines(result)) log(line);
  log(`Built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

/** The command line alone, for its tests. @param {string} outfile */
export async function buildCli(outfile) {
  await esbuild.build({ ...common(false), ...cli(), outfile, sourcemap: false });
}

/** @returns {esbuild.BuildOptions[]} */
function allBundles() {
  return [
    cli(),
    // `verify` starts it inside network namespaces.
    { ...cli(), entryPoints: ["src/netns/program-host.ts"], outfile: join(distFolder, "program-host.js") },
    {
      ...extensionHost("src/vscode/extension.ts", "dist/extension.cjs"),
      platform: "node",
    },
    {
      ...extensionHost("src/vscode/extension-web.ts", "dist/extension-web.cjs"),
      ...webWorker(),
    },
    {
      entryPoints: readdirSync(join(projectFolder, "src/views"))
        .filter((name) => /^[^.]+\.ts$/.test(name))
        .map((name) => `src/views/${name}`),
      outdir: join(distFolder, "views"),
      platform: "browser",
      format: "iife",
      loader: { ".ttf": "file" },
      assetNames: "[name]",
      plugins: [withoutNode()],
    },
    // Both extension hosts load this one.
    { ...extensionHost("test/vscode/suite/index.ts", "dist/test/suite.cjs"), ...webWorker() },
  ];
}

/** @returns {esbuild.BuildOptions} */
function webWorker() {
  return { platform: "browser", mainFields: ["browser", "module", "main"], plugins: [withoutNode()] };
}

/** @param {boolean} production @returns {esbuild.BuildOptions} */
function common(production) {
  return {
    absWorkingDir: projectFolder,
    bundle: true,
    target: ["node20", "es2022"],
    charset: "utf8",
    minify: production,
    sourcemap: production ? false : "linked",
    legalComments: "eof",
    metafile: true,
    logLevel: "warning",
  };
}

/** @returns {esbuild.BuildOptions} */
function cli() {
  return {
    entryPoints: ["src/cli/main.ts"],
    outfile: cliFile,
    platform: "node",
    format: "esm",
    mainFields: ["module", "main"],
    // CommonJS packages inside the bundle ask for Node's modules by `require`.
    banner: {
      js: '#!/usr/bin/env node\nimport { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);',
    },
  };
}

/** @param {string} entryPoint @param {string} outfile @returns {esbuild.BuildOptions} */
function extensionHost(entryPoint, outfile) {
  return {
    entryPoints: [entryPoint],
    outfile: join(projectFolder, outfile),
    format: "cjs",
    mainFields: ["module", "main"],
    external: ["vscode"],
  };
}

/**
 * Keeps Node out of what runs in a browser: an import of one of its modules stops the build. One library is excused,
 * for code that only its own `main` uses: `@vscode/debugadapter` speaks over sockets and writes log files where it is
 * a process of its own; in a web worker it is called inline. What it does use there, it gets.
 * @returns {esbuild.Plugin}
 */
function withoutNode() {
  const nodeModules = new Set(builtinModules.filter((name) => !name.startsWith("_")));
  const unusedHere = new Set(["fs", "net", "path"]);
  return {
    name: "without-node",
    setup(build) {
      build.onResolve({ filter: /^[a-z:_/0-9]+$/ }, ({ path, importer, resolveDir }) => {
        const name = path.replace(/^node:/, "");
        if (!nodeModules.has(name)) return undefined;
        if (!importer.includes(join("node_modules", "@vscode", "debugadapter"))) {
          const text = `${relative(projectFolder, importer)} imports "${path}", which exists in Node but not in a browser.`;
          return { errors: [{ text, notes: [{ text: "Pass in what is needed, or move it to src/cli." }] }] };
        }
        if (unusedHere.has(name)) return { path: name, namespace: "not-here" };
        if (name === "url") return { path: name, namespace: "global-url" };
        // With the slash it is the npm package of that name.
        return build.resolve(`${name}/`, { kind: "require-call", resolveDir });
      });
      build.onLoad({ filter: /.*/, namespace: "not-here" }, () => ({ contents: "module.exports = {};" }));
      build.onLoad({ filter: /.*/, namespace: "global-url" }, () => ({ contents: "module.exports = { URL };" }));
    },
  };
}

/** What an earlier build left. Files are replaced one by one, so that what runs meanwhile finds one version or the other. @param {readonly esbuild.BuildResult[]} results */
function removeStale(results) {
  const made = new Set(results.flatMap(({ metafile }) => Object.keys(metafile?.outputs ?? {})));
  for (const entry of readdirSync(distFolder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !made.has(relative(projectFolder, path).replaceAll("\\", "/"))) rmSync(path);
  }
}

/** @param {(line: string) => void} log @returns {esbuild.Plugin} */
function reporter(log) {
  return {
    name: "reporter",
    setup(build) {
      build.onEnd((result) => {
        if (result.errors.length === 0) for (const line of outputLines(result)) log(line);
      });
    },
  };
}

/** @param {esbuild.BuildResult} result */
function outputLines(result) {
  return Object.entries(result.metafile?.outputs ?? {})
    .filter(([path]) => !path.endsWith(".map"))
    .map(([path, { bytes }]) => `  ${path.padEnd(28)} ${Math.ceil(bytes / 1024)} KiB`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const flags = process.argv.slice(2);
  const unknown = flags.find((flag) => flag !== "--watch" && flag !== "--production");
  if (unknown !== undefined) {
    console.error(`Unknown option ${unknown}. Use: node scripts/build.mjs [--watch] [--production]`);
    process.exit(2);
  }
  await build({ watch: flags.includes("--watch"), production: flags.includes("--production") }).catch((error) => {
    // esbuild has already printed its own complaints with their places.
    if (!("errors" in error)) console.error(error);
    process.exit(1);
  });
}
