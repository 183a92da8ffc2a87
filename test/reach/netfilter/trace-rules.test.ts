import { describe, expect, it } from "vitest";
import { parseRuleSet } from "../../../src/config/iptables/parse-rule-set.ts";
import { kubeProxyTables } from "../../../src/kube/proxy/iptables-rules.ts";
import { withJumps } from "../../../src/kube/proxy/jumps.ts";
import { restoreText } from "../../../src/kube/proxy/rule-lists.ts";
import type { ProxyConfig, ServiceModel } from "../../../src/kube/service-model.ts";
import type { RuleQuestion } from "../../../src/reach/netfilter/flow.ts";
import { summarize } from "../../../src/reach/netfilter/summary.ts";
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

describe("What a node's rules do with a packet to a Service", () => {
  it("1. all endpoints that chance may choose", () => {
    expect(trace({}, [here, there], pod, clusterIP, 80)).toBe("10.0.1.1:8080 10.0.2.1:8080, ACCEPT");
  });

  it("2. who is masqueraded: clients outside, and endpoints that dial themselves", () => {
    expect(trace({}, [here], outside, clusterIP, 80)).toBe("10.0.1.1:8080, masqueraded, ACCEPT");
    expect(trace({}, [here], "10.0.1.1", clusterIP, 80)).toBe("10.0.1.1:8080, masqueraded, ACCEPT");
    expect(trace({}, [here], pod, clusterIP, 80, { masqueradeAll: true })).toBe("10.0.1.1:8080, masqueraded, ACCEPT");
    expect(trace({}, [here], outside, clusterIP, 80, { localDetector: { mode: "none" } })).toBe(
      "10.0.1.1:8080, ACCEPT",
    );
  });

  it("3. no endpoint: rejected, wherever it is dialled", () => {
    for (const to of [clusterIP, "1.2.3.4"]) expect(trace(balanced, [], pod, to, 80)).toBe("REJECT");
    expect(trace(balanced, [], outside, node, 30080)).toBe("REJECT");
  });

  it("4. no endpoint here, policy Local: dropped, but for pods and the node itself", () => {
    expect(trace(localOnly, [there], outside, node, 30080)).toBe("DROP");
    expect(trace(localOnly, [there], outside, "1.2.3.4", 80)).toBe("DROP");
    expect(trace(localOnly, [there], pod, "1.2.3.4", 80)).toBe("10.0.2.1:8080, ACCEPT");
    expect(trace(localOnly, [there], node, "1.2.3.4", 80)).toBe("10.0.2.1:8080, masqueraded, ACCEPT");
    expect(trace(localOnly, [there, here], outside, "1.2.3.4", 80)).toBe("10.0.1.1:8080, ACCEPT");
  });

  it("5. node ports from outside, from the node, and on 127.0.0.1", () => {
    expect(trace(balanced, [there], outside, node, 30080)).toBe("10.0.2.1:8080, masqueraded, ACCEPT");
    expect(trace(balanced, [there], node, node, 30080)).toBe("10.0.2.1:8080, masqueraded, ACCEPT");
    expect(trace(balanced, [there], "127.0.0.1", "127.0.0.1", 30080)).toBe("10.0.2.1:8080, masqueraded, ACCEPT");
    const off = { localhostNodePorts: false };
    expect(trace(balanced, [there], "127.0.0.1", "127.0.0.1", 30080, off)).toBe("NOMATCH");
  });

  it("6. source ranges", () => {
    const ranged = { ...balanced, loadBalancerSourceRanges: [{ address: ipv4("203.0.113.0"), length: 25 }] };
    expect(trace(ranged, [here], outside, "1.2.3.4", 80)).toBe("10.0.1.1:8080, masqueraded, ACCEPT");
    expect(trace(ranged, [here], "203.0.113.200", "1.2.3.4", 80)).toBe("DROP");
  });

  it("7. a health check port is accepted, a port that no Service has is nobody's business", () => {
    const checked = { ...localOnly, healthCheckNodePort: 32000 };
    expect(trace(checked, [here], node, node, 32000)).toBe("ACCEPT");
    expect(trace(checked, [here], outside, node, 32000)).toBe("ACCEPT");
    expect(trace(checked, [here], pod, clusterIP, 81)).toBe("NOMATCH");
  });

  it("8. an interface that is not known: both ways are taken", () => {
    const config = { localDetector: { mode: "BridgeInterface", interface: "cni0" } } as const;
    expect(trace({}, [here], pod, clusterIP, 80, config)).toBe("10.0.1.1:8080, masqueraded, ACCEPT");
    const deviceTowards = () => "cni0";
    expect(trace({}, [here], pod, clusterIP, 80, config, { deviceTowards })).toBe("10.0.1.1:8080, ACCEPT");
  });

  it("9. session affinity: where a client may have been before is among the places that chance may choose", () => {
    expect(trace({ sessionAffinity: "ClientIP" }, [here, there], pod, clusterIP, 80)).toBe(
      "10.0.1.1:8080 10.0.2.1:8080, ACCEPT",
    );
  });

  it("10. the rules that were asked, each once", () => {
    const { tried } = ask({}, [here], pod, clusterIP, 80);
    expect(
      tried.filter(({ matched }) => matched).map(({ table, chain }) => `${table} ${chain}`),
    ).toMatchInlineSnapshot(`
      [
        "nat PREROUTING",
        "nat KUBE-SERVICES",
        "nat KUBE-SVC-LOLE4ISW44XBNF3G",
        "nat KUBE-SEP-3MROJFZ2SHW4PTUT",
        "filter FORWARD",
        "filter FORWARD",
        "filter FORWARD",
        "filter FORWARD",
        "nat POSTROUTING",
        "nat KUBE-POSTROUTING",
      ]
    `);
  });
});

describe("A policy of DROP", () => {
  it("drops what no rule let pass; masqueraded packets pass by their mark", () => {
    const drop = (text: string) => text.replace(":FORWARD ACCEPT", ":FORWARD DROP");
    expect(trace({}, [here], pod, clusterIP, 80, {}, {}, drop)).toBe("DROP");
    expect(trace({}, [here], outside, clusterIP, 80, {}, {}, drop)).toBe("10.0.1.1:8080, masqueraded, ACCEPT");
  });
});

type Changes = Parameters<typeof service>[1];

function trace(...parameters: Parameters<typeof ask>): string {
  const { backends, masquerade, verdict } = summarize(ask(...parameters));
  return [...(backends.length > 0 ? [backends.join(" ")] : []), ...(masquerade ? ["masqueraded"] : []), verdict].join(
    ", ",
  );
}

function ask(
  changes: Changes,
  endpoints: Parameters<typeof endpointSlice>[1]["endpoints"],
  from: string,
  to: string,
  port: number,
  config: Partial<ProxyConfig> = {},
  more: Partial<RuleQuestion> = {},
  edit: (text: string) => string = (text) => text,
) {
  const web: ServiceModel = service("default/web", changes);
  const tables = kubeProxyTables(proxyConfig(config), [web], [endpointSlice("default/web", { endpoints })]);
  return traceRules(parseRuleSet(edit(restoreText(withJumps(tables)))).tables, {
    source: ipv4(from),
    destination: ipv4(to),
    protocol: 6,
    destinationPort: port,
    localAddresses: [ipv4(node)],
    ...more,
  });
}
