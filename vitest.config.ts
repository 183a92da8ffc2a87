import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // These run inside VS Code, each by its own run.mjs.
    exclude: ["test/vscode/**"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
