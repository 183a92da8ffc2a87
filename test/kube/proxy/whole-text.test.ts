import { describe, expect, it } from "vitest";
import { kubeProxyTables } from "../../../src/kube/proxy/iptables-rules.ts";
import { withJumps } from "../../../src/kube/proxy/jumps.ts";
import { restoreText } from "../../../src/kube/proxy/rule-lists.ts";
import { at, endpointSlice, ipv4, proxyConfig, service } from "./objects.ts";

describe("kube-proxy's text", () => {
  it("1. of a node with one Service, comments and hashes and all", () => {
    const web = service("shop/web", { ports: [{ name: "http" }] });
    const ports = [{ name: "http", protocol: "TCP", port: 8080 }] as const;
    const slice = endpointSlice("shop/web", { ports, endpoints: [at("10.0.1.1", "here"), at("10.0.2.1", "there")] });
    expect(restoreText(kubeProxyTables(proxyConfig(), [web], [slice]))).toMatchInlineSnapshot(`
      "*filter
      :KUBE-SERVICES - [0:0]
      :KUBE-EXTERNAL-SERVICES - [0:0]
      :KUBE-FORWARD - [0:0]
      :KUBE-NODEPORTS - [0:0]
      :KUBE-PROXY-FIREWALL - [0:0]
      :KUBE-FIREWALL - [0:0]
      -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
      -A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
      -A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      -A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
      COMMIT
      *nat
      :KUBE-SERVICES - [0:0]
      :KUBE-NODEPORTS - [0:0]
      :KUBE-POSTROUTING - [0:0]
      :KUBE-MARK-MASQ - [0:0]
      :KUBE-SVC-67NZLRHBNDSAWJRO - [0:0]
      :KUBE-SEP-YDXNKP5W7TRAUXFD - [0:0]
      :KUBE-SEP-ESK7PK2QKRB3JWOH - [0:0]
      -A KUBE-SERVICES -m comment --comment "shop/web:http cluster IP" -m tcp -p tcp -d 172.30.0.1 --dport 80 -j KUBE-SVC-67NZLRHBNDSAWJRO
      -A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
      -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
      -A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
      -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
      -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
      -A KUBE-SVC-67NZLRHBNDSAWJRO -m comment --comment "shop/web:http cluster IP" -m tcp -p tcp -d 172.30.0.1 --dport 80 ! -s 10.0.0.0/8 -j KUBE-MARK-MASQ
      -A KUBE-SVC-67NZLRHBNDSAWJRO -m comment --comment "shop/web:http -> 10.0.1.1:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-YDXNKP5W7TRAUXFD
      -A KUBE-SVC-67NZLRHBNDSAWJRO -m comment --comment "shop/web:http -> 10.0.2.1:8080" -j KUBE-SEP-ESK7PK2QKRB3JWOH
      -A KUBE-SEP-YDXNKP5W7TRAUXFD -m comment --comment shop/web:http -s 10.0.1.1 -j KUBE-MARK-MASQ
      -A KUBE-SEP-YDXNKP5W7TRAUXFD -m comment --comment shop/web:http -m tcp -p tcp -j DNAT --to-destination 10.0.1.1:8080
      -A KUBE-SEP-ESK7PK2QKRB3JWOH -m comment --comment shop/web:http -s 10.0.2.1 -j KUBE-MARK-MASQ
      -A KUBE-SEP-ESK7PK2QKRB3JWOH -m comment --comment shop/web:http -m tcp -p tcp -j DNAT --to-destination 10.0.2.1:8080
      COMMIT
      "
    `);
  });

  it("2. the jumps: each was inserted at the top, so the last one stands first", () => {
    const tables = withJumps(kubeProxyTables(proxyConfig({ localhostNodePorts: false }), [], []));
    expect(restoreText(tables)).toMatchInlineSnapshot(`
      "*filter
      :INPUT ACCEPT [0:0]
      :FORWARD ACCEPT [0:0]
      :OUTPUT ACCEPT [0:0]
      :KUBE-SERVICES - [0:0]
      :KUBE-EXTERNAL-SERVICES - [0:0]
      :KUBE-FORWARD - [0:0]
      :KUBE-NODEPORTS - [0:0]
      :KUBE-PROXY-FIREWALL - [0:0]
      :KUBE-FIREWALL - [0:0]
      -A INPUT -j KUBE-FIREWALL
      -A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
      -A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
      -A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
      -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
      -A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
      -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
      -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
      -A OUTPUT -j KUBE-FIREWALL
      -A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
      -A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
      -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
      -A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
      -A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      COMMIT
      *nat
      :PREROUTING ACCEPT [0:0]
      :INPUT ACCEPT [0:0]
      :OUTPUT ACCEPT [0:0]
      :POSTROUTING ACCEPT [0:0]
      :KUBE-SERVICES - [0:0]
      :KUBE-NODEPORTS - [0:0]
      :KUBE-POSTROUTING - [0:0]
      :KUBE-MARK-MASQ - [0:0]
      -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
      -A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
      -A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
      -A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL ! -d 127.0.0.0/8 -j KUBE-NODEPORTS
      -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
      -A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
      -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
      -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
      COMMIT
      "
    `);
  });

  it("3. in a large cluster the comments at endpoints are left out", () => {
    const endpoints = Array.from({ length: 1001 }, (_, index) => ({ addresses: [ipv4("10.0.0.1") + index] }));
    const tables = (count: number) =>
      restoreText(
        kubeProxyTables(
          proxyConfig(),
          [service("shop/web")],
          [endpointSlice("shop/web", { endpoints: endpoints.slice(0, count) })],
        ),
      );
    expect(tables(1000)).toContain('-m comment --comment "shop/web -> 10.0.0.1:8080"');
    expect(tables(1001)).not.toContain("-> 10.0.0.1:8080");
    expect(tables(1001)).toContain('-m comment --comment "shop/web cluster IP"');
  });

  it("4. Services stand in the order of their names, whatever the order of the file", () => {
    const names = ["b/a", "a/b", "a/a"];
    const rules = kubeProxyTables(
      proxyConfig(),
      names.map((name) => service(name)),
      [],
    )[0].chains.find(({ name }) => name === "KUBE-SERVICES")?.rules;
    expect(rules?.map((rule) => /"(\S+)/.exec(rule)?.[1])).toEqual(["a/a", "a/b", "b/a"]);
  });
});
