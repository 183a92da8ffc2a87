import { expect, test } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import { consoleText } from "../console/console-lab.ts";
import { labText, openText } from "../run-lab.ts";

/** A document's lines that have a value, each with it. */
function shown(lab: Lab, text: string, uri = "lab.k8snet"): string {
  const lines = text.split("\n");
  return lab.inline
    .values(uri, 1, lines.length)
    .map(({ line, text: value }) => `${lines[line - 1].trim().replace(/\s*#.*/, "")}   ${value}`)
    .join("\n");
}

test("1. Declarations show what they are like now", () => {
  const text = labText("same-node-ping");
  const lab = openText(text);
  expect(shown(lab, text)).toMatchInlineSnapshot(`
    "node node1 {   10.244.1.1 · ARP empty
    bridge cbr0 { address 10.244.1.1/24 }   FDB 3 entries, 0 learned
    pod pod1 {   10.244.1.2 · ARP empty
    pod pod2 {   10.244.1.9 · ARP empty
    address 10.244.1.9   UP · RX 0 packets, 0 bytes · TX 0 packets, 0 bytes
    container web { listen tcp 8080 http }   LISTEN · 0 connections"
  `);
  while (lab.run(1000));
  expect(shown(lab, text)).toMatchInlineSnapshot(`
    "node node1 {   10.244.1.1 · ARP empty
    bridge cbr0 { address 10.244.1.1/24 }   FDB 5 entries, 2 learned
    pod pod1 {   10.244.1.2 · ARP 10.244.1.9 REACHABLE
    pod pod2 {   10.244.1.9 · ARP 10.244.1.2 DELAY
    address 10.244.1.9   UP · RX 2 packets, 140 bytes · TX 2 packets, 140 bytes
    container web { listen tcp 8080 http }   LISTEN · 0 connections"
  `);
});

test("2. Services show which endpoints were chosen, rules in generated documents their counters", () => {
  const text = consoleText.replace(/^ {2}rule .*\n/gm, "");
  const lab = openText(text);
  while (lab.run(1000));
  expect(shown(lab, text)).toContain("service web {   chosen 10.244.1.9:8080 ×1");
  const uri = "k8snet:/node1.iptables-save";
  const rules = shown(lab, lab.document(uri)?.text ?? "", uri);
  expect(rules).toMatch(/^:FORWARD ACCEPT \[0:0\] {3}\[\d+:\d+\]$/m);
  expect(rules).toMatch(/-A KUBE-SERVICES -d 10\.96\.0\.10\/32 .* {3}\[1:60\]$/m);
});

test("3. Only the lines that were asked for", () => {
  const lab = openText(labText("same-node-ping"));
  expect(lab.inline.values("lab.k8snet", 1, 10)).toEqual([]);
  expect(lab.inline.values("other.k8snet", 1, 1000)).toEqual([]);
});
