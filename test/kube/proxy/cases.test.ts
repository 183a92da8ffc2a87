import { describe, expect, it } from "vitest";
import { kubeProxyTables } from "../../../src/kube/proxy/iptables-rules.ts";
import { restoreText } from "../../../src/kube/proxy/rule-lists.ts";
import { readProxyCases } from "./cases.ts";

/** vitest.config.ts leaves this file out where it is not set. */
const root = process.env.K8SNET_KUBE_PROXY_CASES ?? "";

/**
 * Whole rule sets that kube-proxy was seen to write. They are not part of this repository: see test/README.md for what
 * a folder must have.
 */
describe("kube-proxy's own rule sets", () => {
  const cases = readProxyCases(root);
  it(`there are cases in ${root}`, () => expect(cases.length).toBeGreaterThan(0));
  it.each(cases)("$name is equal, chain by chain", ({ config, services, slices, expected }) => {
    const text = restoreText(kubeProxyTables(config, services, slices));
    expect(comparable(text)).toEqual(comparable(expected));
  });
});

/** `TABLE CHAIN` and its rules. In chains that all Services share, kube-proxy has the Services in any order. */
function comparable(text: string): Readonly<Record<string, readonly string[]>> {
  const chains: Record<string, string[]> = {};
  let table = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1);
    if (line.startsWith(":")) chains[`${table} ${line.slice(1).split(" ")[0]}`] = [];
    if (line.startsWith("-A ")) chains[`${table} ${line.split(" ")[1]}`].push(line);
  }
  for (const [name, rules] of Object.entries(chains)) {
    if (/ KUBE-(SERVICES|NODEPORTS)$/.test(name))
      rules.sort((left, right) => compare(serviceOf(left), serviceOf(right)));
  }
  return chains;
}

function serviceOf(rule: string): string {
  if (rule.includes("must be the last rule")) return "\uffff";
  return /--comment "?([^ :"]+)/.exec(rule)?.[1] ?? "";
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
