/** `npm run bench`: measures the simulator's speed and memory. Nothing here is asserted; the figures are printed. */

import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { cacheFolder, projectFolder } from "./lib/tools.mjs";

const outfile = join(cacheFolder, "bench.mjs");
await mkdir(cacheFolder, { recursive: true });
await build({
  entryPoints: [join(projectFolder, "test/bench/main.ts")],
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  // Some are CommonJS modules, which a bundle of ES modules cannot hold.
  packages: "external",
  outfile,
  logLevel: "warning",
});
const child = spawn(process.execPath, ["--expose-gc", outfile, ...process.argv.slice(2)], { stdio: "inherit" });
child.on("exit", (code) => process.exit(code ?? 1));
