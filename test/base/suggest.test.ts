import { expect, test } from "vitest";
import { closest, editDistance } from "../../src/base/suggest.ts";

test("distance counts insertions, deletions, replacements and swaps of neighbours", () => {
  expect(editDistance("pod", "pod")).toBe(0);
  expect(editDistance("pdo", "pod")).toBe(1);
  expect(editDistance("podd", "pod")).toBe(1);
  expect(editDistance("", "pod")).toBe(3);
  expect(editDistance("kitten", "sitting")).toBe(3);
});

test("the nearest known word, if it is near enough to be meant", () => {
  expect(closest("podCDIR", ["podCIDR", "address"])).toBe("podCIDR");
  expect(closest("PODCIDR", ["podCIDR"])).toBe("podCIDR");
  expect(closest("banana", ["podCIDR", "address"])).toBeUndefined();
  expect(closest("x".repeat(1000), ["x"])).toBeUndefined();
});
