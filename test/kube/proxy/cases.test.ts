import { describe, expect, it } from "vitest";
import { parseScript } from "../../../src/config/nft/parse-script.ts";
import { applyCommands, emptyRuleSet } from "../../../src/config/nft/transaction.ts";
import { kubeProxyTables } from "../../../src/kube/proxy/iptables-rules.ts";
import { kubeProxyNftText } from "../../../src/kube/proxy/nftables/nftables-rules.ts";
import { restoreText } from "../../../src/kube/proxy/rule-lists.ts";
import { readProxyCases } from "./cases.ts";

/** vitest.config.ts leaves this file out where it is not set. */
const root = process.env.K8SNET_KUBE_PROXY_CASES ?? "";

/**
 * Whole rule sets that kube-proxy was seen to write. They are not part of this repository: see test/README.md for what
 * a folder must have.
 */
describe("kube-proxy's own rule sets", () => {
  const cases = readProxyCases(root, "expected.iptables-save");
  const nftCases = readProxyCases(root, "expected.nft");
  it(`there are cases in ${root}`, () => {
    expect(cases.length).toBeGreaterThan(0);
    expect(nftCases.length).toBeGreaterThan(0);
  });
  it.each(cases)("$name is equal, chain by chain", ({ config, services, slices, expected }) => {
    const text = restoreText(kubeProxyTables(config, services, slices));
    expect(comparable(text)).toEqual(comparable(expected));
  });
  it.each(nftCases)(
    "$name is equal: rules chain by chain, all else in any order",
    ({ config, services, slices, expected }) => {
      const text = kubeProxyNftText(config, services, slices);
      expect(comparableNft(text)).toEqual(comparableNft(expected));
      expect(applyCommands(emptyRuleSet, parseScript(text).commands).problems).toEqual([]);
    },
  );
});

/** Each chain's rules in their order, and all other commands sorted. */
function comparableNft(text: string): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = { others: [] };
  for (const line of text.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const chain = /^add rule \S+ \S+ (\S+)/.exec(line)?.[1];
    if (chain === undefined) found.others.push(line);
    else {
      found[chain] ??= [];
      found[chain].push(line);
    }
  }
  found.others.sort();
  return found;
}

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
