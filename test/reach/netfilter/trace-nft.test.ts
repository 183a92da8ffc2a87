import { describe, expect, it } from "vitest";
import { parseScript } from "../../../src/config/nft/parse-script.ts";
import { applyCommands, emptyRuleSet } from "../../../src/config/nft/transaction.ts";
import { kubeProxyNftText } from "../../../src/kube/proxy/nftables/nftables-rules.ts";
import type { ProxyConfig } from "../../../src/kube/service-model.ts";
import type { RuleQuestion } from "../../../src/reach/netfilter/flow.ts";
import { reportTrace } from "../../../src/reach/netfilter/report.ts";
import { traceRules } from "../../../src/reach/netfilter/trace-rules.ts";
import { at, endpointSlice, ipv4, proxyConfig, service } from "../../kube/proxy/objects.ts";

const pod = "10.0.9.9";
const node = "192.168.0.2";
const outside = "203.0.113.2";
const clusterIP = "172.30.0.1";
const [here, there] = [at("10.0.1.1", "here"), at("10.0.2.1", "there")];
const balanced = {
  type: "LoadBalancer",
  ports: [{ nodePort: 30080 }],
  loadBalancerIngress: [{ ip: ipv4("1.2.3.4"), ipMode: "VIP" }],
} as const;
const localOnly = { ...balanced, externalTrafficPolicy: "Local" } as const;

describe("What kube-proxy's rules in nftables mode do with a packet to a Service", () => {
  it("1. all endpoints that chance may choose; who is masqueraded", () => {
    expect(trace({}, [here, there], pod, clusterIP, 80)).toBe("10.0.1.1:8080 10.0.2.1:8080, ACCEPT");
    expect(trace({}, [here], outside, clusterIP, 80)).toBe("10.0.1.1:8080, masqueraded, ACCEPT");
    expect(trace({}, [here], "10.0.1.1", clusterIP, 80)).toBe("10.0.1.1:8080, masqueraded, ACCEPT");
    expect(trace({}, [here], pod, clusterIP, 80, { masqueradeAll: true })).toBe("10.0.1.1:8080, masqueraded, ACCEPT");
  });

  it("2. no endpoint: rejected, wherever it is dialled; none here, policy Local: dropped, but for pods and the node", () => {
    for (const to of [clusterIP, "1.2.3.4"]) expect(trace(balanced, [], pod, to, 80)).toBe("REJECT");
    expect(trace(balanced, [], outside, node, 30080)).toBe("REJECT");
    expect(trace(localOnly, [there], outside, node, 30080)).toBe("DROP");
    expect(trace(localOnly, [there], outside, "1.2.3.4", 80)).toBe("DROP");
    expect(trace(localOnly, [there], pod, "1.2.3.4", 80)).toBe("10.0.2.1:8080, ACCEPT");
    expect(trace(localOnly, [there], node, "1.2.3.4", 80)).toBe("10.0.2.1:8080, masqueraded, ACCEPT");
    expect(trace(localOnly, [there, here], outside, "1.2.3.4", 80)).toBe("10.0.1.1:8080, ACCEPT");
    expect(trace({ internalTrafficPolicy: "Local" }, [there], pod, clusterIP, 80)).toBe("DROP");
  });

  it("3. node ports from outside and from the node; 127.0.0.1 is none of its addresses", () => {
    expect(trace(balanced, [there], outside, node, 30080)).toBe("10.0.2.1:8080, masqueraded, ACCEPT");
    expect(trace(balanced, [there], node, node, 30080)).toBe("10.0.2.1:8080, masqueraded, ACCEPT");
    const all = { nodePortAddresses: [{ address: 0, length: 0 }] };
    for (const config of [{}, all])
      expect(trace(balanced, [there], "127.0.0.1", "127.0.0.1", 30080, config)).toBe("NOMATCH");
    expect(trace(balanced, [there], outside, node, 30080, all)).toBe("10.0.2.1:8080, masqueraded, ACCEPT");
  });

  it("4. source ranges are looked at before all else", () => {
    const ranged = { ...balanced, loadBalancerSourceRanges: [{ address: ipv4("203.0.113.0"), length: 25 }] };
    expect(trace(ranged, [here], outside, "1.2.3.4", 80)).toBe("10.0.1.1:8080, masqueraded, ACCEPT");
    expect(trace(ranged, [here], "203.0.113.200", "1.2.3.4", 80)).toBe("DROP");
    expect(trace(ranged, [here], "203.0.113.200", node, 30080)).toBe("10.0.1.1:8080, masqueraded, ACCEPT");
  });

  it("5. a port that a Service has not is rejected, an address that no Service has is dropped", () => {
    const config = { serviceCIDRs: [{ address: ipv4("172.30.0.0"), length: 16 }] };
    expect(trace({}, [here], pod, clusterIP, 81, config)).toBe("REJECT");
    expect(trace({}, [here], node, clusterIP, 81, config)).toBe("REJECT");
    expect(trace({}, [here], pod, "172.30.9.9", 80, config)).toBe("DROP");
    expect(trace({}, [here], pod, "192.0.2.1", 80, config)).toBe("NOMATCH");
  });

  it("6. session affinity: where a client may have been before is among the places that chance may choose", () => {
    const sticky = { sessionAffinity: "ClientIP" } as const;
    expect(trace(sticky, [here, there], pod, clusterIP, 80)).toBe("10.0.1.1:8080 10.0.2.1:8080, ACCEPT");
  });

  it("7. an interface that is not known: both ways are taken", () => {
    const config = { localDetector: { mode: "InterfaceNamePrefix", prefix: "veth" } } as const;
    expect(trace({}, [here], pod, clusterIP, 80, config)).toBe("10.0.1.1:8080, masqueraded, ACCEPT");
    const deviceTowards = () => "veth7";
    expect(trace({}, [here], pod, clusterIP, 80, config, { deviceTowards })).toBe("10.0.1.1:8080, ACCEPT");
  });

  it("8. the rules that decided, as one would give them to nft", () => {
    const { by } = ask({}, [here], pod, clusterIP, 80);
    expect(by.map((rule) => rule.replace("add rule ip kube-proxy ", ""))).toMatchInlineSnapshot(`
      [
        "filter-prerouting-pre-dnat ct state new jump firewall-check",
        "nat-prerouting jump services",
        "services ip daddr . meta l4proto . th dport vmap @service-ips",
        "service-PFISGYVC-default/web/tcp/ numgen random mod 1 vmap { 0 : goto endpoint-OJONHTVB-default/web/tcp/__10.0.1.1/8080 }",
        "endpoint-OJONHTVB-default/web/tcp/__10.0.1.1/8080 meta l4proto tcp dnat to 10.0.1.1:8080",
        "filter-forward ct state new jump service-endpoints-check",
        "filter-forward ct state new jump cluster-ips-check",
        "nat-postrouting jump masquerading",
        "masquerading meta mark & 0x00004000 == 0x00000000 return",
      ]
    `);
  });
});

describe("Rules that somebody else writes", () => {
  const chain = (name: string, type: string, ...rules: readonly string[]) =>
    `chain ${name} { type ${type}; ${rules.join("; ")}; }`;
  const verdictOf = (...chains: readonly string[]) => traceText(`table inet t { ${chains.join(" ; ")} ; }`).verdict;

  it("9. chains run by priority; accept ends one of them, drop all", () => {
    const accepting = chain("a", "filter hook forward priority 0", "accept");
    expect(verdictOf(accepting)).toBe("ACCEPT");
    expect(verdictOf(accepting, chain("b", "filter hook forward priority 5", "drop"))).toBe("DROP");
    expect(verdictOf(chain("a", "filter hook forward priority 0; policy drop", "tcp dport != 80 accept"))).toBe("DROP");
    expect(verdictOf(chain("a", "filter hook forward priority 0; policy drop", "tcp dport 80 accept"))).toBe("ACCEPT");
  });

  it("10. marks, sets of all kinds, and limits, which may hold or not", () => {
    const marked = chain(
      "m",
      "filter hook prerouting priority mangle",
      "meta mark set 0x10 ; ct mark set meta mark or 1",
    );
    const asked = (rule: string) => verdictOf(marked, chain("f", "filter hook forward priority 0", rule));
    expect(asked("meta mark and 0x10 == 0x10 ct mark 0x11 drop")).toBe("DROP");
    expect(asked("ip saddr . tcp dport { 10.0.0.0/8 . 80-90 } drop")).toBe("DROP");
    expect(asked("ip saddr != { 10.0.0.0/8, 192.0.2.1 } drop")).toBe("NOMATCH");
    expect(asked("meta l4proto vmap { udp : accept, tcp : drop }")).toBe("DROP");
    expect(asked("ct state { established, related } drop")).toBe("NOMATCH");
    expect(asked("limit rate 5/second drop")).toBe("DROP");
    expect(asked("udp dport 80 drop")).toBe("NOMATCH");
    expect(asked("reject with tcp reset")).toBe("REJECT");
  });
});

function traceText(text: string, question: Partial<RuleQuestion> = {}) {
  const { commands, problems } = parseScript(text);
  expect(problems).toEqual([]);
  const applied = applyCommands(emptyRuleSet, commands);
  if (!("ruleSet" in applied)) throw new Error(applied.problems[0].message);
  const nft = applied.ruleSet;
  const asked = {
    source: ipv4(pod),
    destination: ipv4("10.0.8.8"),
    protocol: 6,
    destinationPort: 80,
    localAddresses: [ipv4(node)],
    ...question,
  };
  return reportTrace(traceRules([], asked, nft), { tables: [], text: "", nft });
}

function trace(...parameters: Parameters<typeof ask>): string {
  const { backends, masquerade, verdict } = ask(...parameters);
  return [...(backends.length > 0 ? [backends.join(" ")] : []), ...(masquerade ? ["masqueraded"] : []), verdict].join(
    ", ",
  );
}

function ask(
  changes: Parameters<typeof service>[1],
  endpoints: Parameters<typeof endpointSlice>[1]["endpoints"],
  from: string,
  to: string,
  port: number,
  config: Partial<ProxyConfig> = {},
  more: Partial<RuleQuestion> = {},
) {
  const web = service("default/web", changes);
  const text = kubeProxyNftText(proxyConfig(config), [web], [endpointSlice("default/web", { endpoints })]);
  return traceText(text, { source: ipv4(from), destination: ipv4(to), destinationPort: port, ...more });
}
