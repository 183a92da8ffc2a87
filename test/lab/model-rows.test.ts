import { expect, test } from "vitest";
import { openSimulatedLab } from "../../src/debug/open-lab.ts";
import { openModel } from "../../src/lab/model/open-model.ts";
import { ModelRows } from "../../src/lab/model/tree-rows.ts";
import { compileSync } from "../../src/language/compile.ts";
import { labText } from "./run-lab.ts";

function rowsOf(text: string): ModelRows {
  return new ModelRows(() => openModel(compileSync(text, "lab.k8snet")));
}

test("the state view says that the model holds", () => {
  const { label, description, icon, expandable } = rowsOf(labText("cni-vxlan")).root();
  expect([label, description, icon, expandable]).toEqual(["networking model", "holds at the beginning", "pass", false]);
});

test("or the reasons why not, each with its line", () => {
  const rows = rowsOf(labText("gallery/unwanted-masquerade"));
  expect(rows.root().description).toBe("does not hold at the beginning");
  expect(rows.reasons().map(({ label, icon, source }) => [label, icon, source?.line])).toEqual([
    ["client → server", "error", 21],
    ["client → node2", "info", 21],
  ]);
});

test("what is below the row is the same whether or not the row was looked at before", () => {
  const text = labText("gallery/unwanted-masquerade");
  const seen = rowsOf(text);
  seen.root();
  expect(rowsOf(text).reasons()).toEqual(seen.reasons());
});

test("a cluster of 150,000 pods that are alike is checked at the first look", () => {
  const rows = rowsOf(`cluster { podCIDR 10.0.0.0/8; cni host-gw }
router gateway { address 172.16.255.254/16 }
node worker[1..5000] { address 172.16.0.11/16; gateway 172.16.255.254; pod web[1..30] }`);
  expect(rows.root().description).toBe("holds at the beginning");
});

test("a cluster in which no two pods are alike is not, and the row says who does it", () => {
  const pods = Array.from({ length: 60 }, (_, i) => `pod p${i} { sysctl net.ipv4.ip_default_ttl ${60 + i} }`);
  const rows = rowsOf(`cluster { cni host-gw }\nnode n { address 192.168.1.1/24; ${pods.join("; ")} }`);
  const { description, expandable } = rows.root();
  expect([description, expandable]).toEqual(["too varied to be checked here: k8snet check --model", false]);
  expect(rows.reasons()).toEqual([]);
});

test("at every stop of a session the row says the same, from the first one on", async () => {
  const text = labText("gallery/unwanted-masquerade");
  const opened = await openSimulatedLab({ uri: "lab.k8snet", text });
  if (opened.kind !== "opened") throw new Error(opened.kind);
  const { lab } = opened;
  const row = () => lab.tree("", 100).find(({ id }) => id === ModelRows.rootId);
  const first = row();
  expect(first?.description).toBe("does not hold at the beginning");
  lab.continue().advance(50);
  expect(lab.position().event).toBeGreaterThan(0);
  expect(row()).toEqual(first);
});
