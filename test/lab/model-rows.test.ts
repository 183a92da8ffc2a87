import { expect, test } from "vitest";
import { openModel } from "../../src/lab/model/open-model.ts";
import { ModelRows } from "../../src/lab/model/tree-rows.ts";
import { compileSync } from "../../src/language/compile.ts";
import { labText } from "./run-lab.ts";

function rowsOf(text: string): ModelRows {
  const opened = openModel(compileSync(text, "lab.k8snet"));
  if ("problems" in opened) throw new Error("no model");
  return new ModelRows(opened);
}

/** As the view asks again and again. */
function settled(rows: ModelRows): ReturnType<ModelRows["root"]> {
  for (let looks = 0; looks < 100; looks++) {
    const root = rows.root();
    if (root.description !== "being checked") return root;
  }
  throw new Error("it is never done");
}

test("the state view says that the model holds", () => {
  const { label, description, icon, expandable } = settled(rowsOf(labText("cni-vxlan")));
  expect([label, description, icon, expandable]).toEqual(["networking model", "holds at the beginning", "pass", false]);
});

test("or the reasons why not, each with its line", () => {
  const rows = rowsOf(labText("gallery/unwanted-masquerade"));
  expect(rows.reasons()).toEqual([]);
  expect(settled(rows).description).toBe("does not hold at the beginning");
  expect(rows.reasons().map(({ label, icon, source }) => [label, icon, source?.line])).toEqual([
    ["client → server", "error", 21],
    ["client → node2", "info", 21],
  ]);
});

test("a large cluster is checked bit by bit", () => {
  const rows = rowsOf("cluster { cni host-gw }\nnode n[1..20] { address 192.168.1.1/24; pod p[1..10] }");
  expect(rows.root().description).toBe("being checked");
  expect(settled(rows).description).toBe("holds at the beginning");
});
