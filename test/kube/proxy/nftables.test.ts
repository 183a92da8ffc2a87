import { describe, expect, it } from "vitest";
import { parseScript } from "../../../src/config/nft/parse-script.ts";
import { printNftRuleSet } from "../../../src/config/nft/print-rule-set.ts";
import { applyCommands, emptyRuleSet } from "../../../src/config/nft/transaction.ts";
import { nftEndpointNames, nftPortNames } from "../../../src/kube/proxy/nftables/names.ts";
import { kubeProxyNftResync, kubeProxyNftText } from "../../../src/kube/proxy/nftables/nftables-rules.ts";
import type { ProxyConfig } from "../../../src/kube/service-model.ts";
import { at, endpointSlice, ipv4, prefix, proxyConfig, service } from "./objects.ts";

const changes = { type: "NodePort", ports: [{ nodePort: 30080 }], externalTrafficPolicy: "Local" } as const;
const web = service("default/web", changes);
const slice = endpointSlice("default/web", { endpoints: [at("10.0.1.1", "here")] });

describe("kube-proxy in nftables mode", () => {
  it("1. names begin with what a chain is for, and a hash of what follows; too long ones are cut", () => {
    const named = service("ns1/svc1", { ports: [{ name: "p80" }] });
    expect(nftPortNames(named, named.ports[0])).toEqual({
      cluster: "service-ULMVA6XW-ns1/svc1/tcp/p80",
      local: "local-ULMVA6XW-ns1/svc1/tcp/p80",
      external: "external-ULMVA6XW-ns1/svc1/tcp/p80",
      firewall: "firewall-ULMVA6XW-ns1/svc1/tcp/p80",
    });
    expect(nftEndpointNames(named, named.ports[0], "10.180.0.1:80")).toEqual({
      chain: "endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80",
      affinity: "affinity-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80",
    });
    const long = service(`${"n".repeat(120)}/${"s".repeat(120)}`);
    const { cluster } = nftPortNames(long, long.ports[0]);
    expect(cluster).toMatch(/^service-[A-Z2-7]{8}-n+\/s+\.\.\.$/);
    expect(cluster).toHaveLength("service-".length + 240);
  });

  it("2. whose packets are those of local pods", () => {
    const rules = (config: Partial<ProxyConfig>) =>
      lines(config)
        .filter((line) => /^add rule \S+ \S+ (local|service|external)-.*(jump|goto)/.test(line))
        .map(short);
    const local = ["fib saddr type local jump mark-for-masquerade", "fib saddr type local goto SVC", "goto SVL"];
    const numgen = "numgen random mod 1 vmap { 0 : goto SEP }";
    const of = (is: string, isNot: string) => [
      `ip daddr 172.30.0.1 ${isNot} jump mark-for-masquerade`,
      numgen,
      `${is} goto SVC`,
      ...local,
      numgen,
    ];
    const expected = (is: string, isNot: string) => expect.arrayContaining(of(is, isNot));
    expect(rules({})).toEqual(expected("ip saddr 10.0.0.0/8", "ip saddr != 10.0.0.0/8"));
    const node = { mode: "NodeCIDR", cidr: prefix("10.0.1.0/24") } as const;
    expect(rules({ localDetector: node })).toEqual(expected("ip saddr 10.0.1.0/24", "ip saddr != 10.0.1.0/24"));
    const bridge = { mode: "BridgeInterface", interface: "cni0" } as const;
    expect(rules({ localDetector: bridge })).toEqual(expected("iifname cni0", "iifname != cni0"));
    const named = { mode: "InterfaceNamePrefix", prefix: "cali" } as const;
    expect(rules({ localDetector: named })).toEqual(expected("iifname cali*", "iifname != cali*"));
    expect(rules({ localDetector: { mode: "none" } }).join("\n")).not.toMatch(/saddr [!1]|iifname/);
    expect(rules({ masqueradeAll: true })).toContain("ip daddr 172.30.0.1 jump mark-for-masquerade");
  });

  it("3. node ports: the primary address by default; all of the node's, but never 127.0.0.1", () => {
    const found = (config: Partial<ProxyConfig>) =>
      lines(config)
        .filter((line) => /nodeport-ips \{ [0-9]|vmap @service-nodeports/.test(line))
        .map((line) => line.replace(/^add (rule|element) ip kube-proxy \S+ /, ""));
    const bySet = "ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports";
    expect(found({})).toEqual([bySet, "{ 192.168.0.2 }"]);
    expect(found({ nodePortAddresses: "primary" })).toEqual([bySet, "{ 192.168.0.2 }"]);
    expect(found({ nodePortAddresses: [prefix("172.18.0.0/16"), prefix("127.0.0.0/8")] })).toEqual([
      bySet,
      "{ 172.18.0.2 }",
    ]);
    expect(found({ nodePortAddresses: [prefix("0.0.0.0/0")] })).toEqual([
      "fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @service-nodeports",
    ]);
  });

  it("4. source ranges let the load balancer's own address pass where the node is in them", () => {
    const balanced = service("default/web", {
      type: "LoadBalancer",
      loadBalancerIngress: [{ ip: ipv4("1.2.3.4"), ipMode: "VIP" }],
      loadBalancerSourceRanges: [prefix("203.0.113.7/25"), prefix("192.168.0.0/16")],
    });
    const text = kubeProxyNftText(proxyConfig(), [balanced], [slice]);
    expect(text).toContain("ip saddr != { 203.0.113.0/25 , 192.168.0.0/16 , 1.2.3.4 } drop\n");
  });

  it("5. after a change: chains and maps are filled anew, who was sent where is not forgotten, what is gone is emptied", () => {
    const sticky = service("default/web", {
      ...changes,
      sessionAffinity: "ClientIP",
      sessionAffinityTimeoutSeconds: 60,
    });
    const both = endpointSlice("default/web", { endpoints: [at("10.0.1.1", "here"), at("10.0.1.2", "here")] });
    const config = proxyConfig();
    const first = loaded(emptyRuleSet, kubeProxyNftText(config, [sticky], [both]));
    const affinity = nftEndpointNames(sticky, sticky.ports[0], "10.0.1.1:8080").affinity;
    const seen = loaded(first, `add element ip kube-proxy ${affinity} { 10.0.9.9 }`);
    const after = loaded(seen, kubeProxyNftResync(config, [sticky], [both], [slice]));
    const listed = printNftRuleSet(after);
    expect(listed).toContain("elements = { 10.0.9.9 }");
    const gone = nftEndpointNames(sticky, sticky.ports[0], "10.0.1.2:8080");
    expect(listed).toContain(`\tchain ${gone.chain} {\n\t}\n`);
    expect(listed).not.toContain(gone.affinity);
    const fresh = printNftRuleSet(loaded(emptyRuleSet, kubeProxyNftText(config, [sticky], [slice])));
    const rest = listed.replace("\t\telements = { 10.0.9.9 }\n", "");
    const others = sorted(rest).filter((block) => !block.startsWith(`chain ${gone.chain} `));
    expect(others).toEqual(sorted(fresh));
  });
});

function lines(config: Partial<ProxyConfig>): readonly string[] {
  return kubeProxyNftText(proxyConfig(config), [web], [slice]).split("\n");
}

/** A rule without its chain and its comment, other chains by what they are for. */
function short(line: string): string {
  const names = { service: "SVC", local: "SVL", external: "EXT", endpoint: "SEP" } as const;
  return line
    .replace(/^add rule \S+ \S+ \S+ /, "")
    .replace(/ comment ".*"/, "")
    .replace(/\b(service|local|external|endpoint)-[A-Z2-7]{8}\S+/g, (_, name: keyof typeof names) => names[name]);
}

function loaded(before: typeof emptyRuleSet, text: string): typeof emptyRuleSet {
  const applied = applyCommands(before, parseScript(text).commands);
  if (!("ruleSet" in applied)) throw new Error(applied.problems[0].message);
  return applied.ruleSet;
}

/** The blocks of a listing, in any order. */
function sorted(text: string): readonly string[] {
  return text
    .split(/\n\n/)
    .map((block) => block.trim().replace(/\n\}$/, ""))
    .sort();
}
