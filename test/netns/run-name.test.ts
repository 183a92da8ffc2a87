import { expect, test } from "vitest";
import { runPrefix } from "../../src/netns/run-name.ts";

const isLinux = process.platform === "linux";

test.runIf(isLinux)("a run's namespaces are named after its process and when that started", () => {
  expect(runPrefix(false)).toMatch(new RegExp(`^k8snet-run${process.pid}\\.\\d+-$`));
});

test.runIf(isLinux)("kept ones are no run's, so that no later run takes them for leftovers", () => {
  expect(runPrefix(true)).toMatch(/^k8snet-kept\d+\.\d+-$/);
});
