/** `npm run verify:random`: small random labs on both kernels; test/README.md says more. */

import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { cacheFolder, projectFolder } from "./lib/tools.mjs";

const folder = join(cacheFolder, "random");
await mkdir(folder, { recursive: true });
await build({
  entryPoints: {
    "verify-random": join(projectFolder, "test/random/main.ts"),
    "program-host": join(projectFolder, "src/netns/program-host.ts"),
  },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  mainFields: ["module", "main"],
  outdir: folder,
  // CommonJS packages inside the bundle ask for Node's modules by `require`.
  banner: { js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);' },
  logLevel: "warning",
});
const args = [join(folder, "verify-random.js"), ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { stdio: "inherit" });
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]))
  process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? 128 + (signal === null ? 1 : constants.signals[signal])));
