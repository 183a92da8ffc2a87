import { configDefaults, defineConfig } from "vitest/config";

/** These compare with rule sets that are not part of this repository: see test/README.md. */
const needsCases = ["test/kube/proxy/cases.test.ts"];
const hasCases = process.env.K8SNET_KUBE_PROXY_CASES !== undefined;
if (!hasCases)
  console.warn(`K8SNET_KUBE_PROXY_CASES is not set: no rule set of kube-proxy's own is compared (${needsCases})`);

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...(hasCases ? [] : needsCases)],
    // Loading the sources takes longer than most tests: the files of a worker share them, and keep nothing in them.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
