import { describe, expect, it } from "vitest";
import { legibleRules } from "./legible.ts";
import { at, endpointSlice, ipv4, prefix, service } from "./objects.ts";

const twoPods = endpointSlice("default/web", { endpoints: [at("10.0.1.1", "here"), at("10.0.2.1", "there")] });
const podThere = endpointSlice("default/web", { endpoints: [at("10.0.2.1", "there")] });
const nodePort = { type: "NodePort", ports: [{ nodePort: 30080 }] } as const;
const balanced = {
  type: "LoadBalancer",
  ports: [{ nodePort: 30080 }],
  loadBalancerIngress: [{ ip: ipv4("1.2.3.4"), ipMode: "VIP" }],
} as const;

describe("the rules of a Service", () => {
  it("1. ClusterIP: one chain chooses an endpoint, one for each endpoint translates", () => {
    expect(legibleRules(service("default/web"), twoPods)).toMatchInlineSnapshot(`
      [
        "nat KUBE-SERVICES -m tcp -p tcp -d 172.30.0.1 --dport 80 -j SVC",
        "nat SVC -m tcp -p tcp -d 172.30.0.1 --dport 80 ! -s 10.0.0.0/8 -j KUBE-MARK-MASQ",
        "nat SVC -m statistic --mode random --probability 0.5000000000 -j SEP-10.0.1.1",
        "nat SVC -j SEP-10.0.2.1",
        "nat SEP-10.0.1.1 -s 10.0.1.1 -j KUBE-MARK-MASQ",
        "nat SEP-10.0.1.1 -m tcp -p tcp -j DNAT --to-destination 10.0.1.1:8080",
        "nat SEP-10.0.2.1 -s 10.0.2.1 -j KUBE-MARK-MASQ",
        "nat SEP-10.0.2.1 -m tcp -p tcp -j DNAT --to-destination 10.0.2.1:8080",
      ]
    `);
  });

  it("2. without endpoints it is rejected, at each of its addresses", () => {
    const web = service("default/web", { ...balanced, externalIPs: [ipv4("192.168.99.1")] });
    expect(legibleRules(web)).toMatchInlineSnapshot(`
      [
        "filter KUBE-SERVICES -m tcp -p tcp -d 172.30.0.1 --dport 80 -j REJECT",
        "filter KUBE-EXTERNAL-SERVICES -m tcp -p tcp -d 192.168.99.1 --dport 80 -j REJECT",
        "filter KUBE-EXTERNAL-SERVICES -m tcp -p tcp -d 1.2.3.4 --dport 80 -j REJECT",
        "filter KUBE-EXTERNAL-SERVICES -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30080 -j REJECT",
      ]
    `);
  });

  it("3. headless, and ExternalName: no rules", () => {
    expect(legibleRules(service("default/web", { clusterIP: undefined }), twoPods)).toEqual([]);
    expect(legibleRules(service("default/web", { type: "ExternalName" }), twoPods)).toEqual([]);
  });

  it("4. NodePort: what comes by KUBE-EXT is masqueraded, in case that it leaves for another node", () => {
    expect(legibleRules(service("default/web", nodePort), podThere)).toMatchInlineSnapshot(`
      [
        "nat KUBE-SERVICES -m tcp -p tcp -d 172.30.0.1 --dport 80 -j SVC",
        "nat KUBE-NODEPORTS -m tcp -p tcp --dport 30080 -j EXT",
        "nat SVC -m tcp -p tcp -d 172.30.0.1 --dport 80 ! -s 10.0.0.0/8 -j KUBE-MARK-MASQ",
        "nat SVC -j SEP-10.0.2.1",
        "nat EXT -j KUBE-MARK-MASQ",
        "nat EXT -j SVC",
        "nat SEP-10.0.2.1 -s 10.0.2.1 -j KUBE-MARK-MASQ",
        "nat SEP-10.0.2.1 -m tcp -p tcp -j DNAT --to-destination 10.0.2.1:8080",
      ]
    `);
  });

  it("5. externalIPs and load balancers: their addresses are caught like the cluster IP", () => {
    const web = service("default/web", { ...balanced, externalIPs: [ipv4("192.168.99.1")] });
    expect(legibleRules(web, podThere)).toMatchInlineSnapshot(`
      [
        "nat KUBE-SERVICES -m tcp -p tcp -d 172.30.0.1 --dport 80 -j SVC",
        "nat KUBE-SERVICES -m tcp -p tcp -d 192.168.99.1 --dport 80 -j EXT",
        "nat KUBE-SERVICES -m tcp -p tcp -d 1.2.3.4 --dport 80 -j EXT",
        "nat KUBE-NODEPORTS -m tcp -p tcp --dport 30080 -j EXT",
        "nat SVC -m tcp -p tcp -d 172.30.0.1 --dport 80 ! -s 10.0.0.0/8 -j KUBE-MARK-MASQ",
        "nat SVC -j SEP-10.0.2.1",
        "nat EXT -j KUBE-MARK-MASQ",
        "nat EXT -j SVC",
        "nat SEP-10.0.2.1 -s 10.0.2.1 -j KUBE-MARK-MASQ",
        "nat SEP-10.0.2.1 -m tcp -p tcp -j DNAT --to-destination 10.0.2.1:8080",
      ]
    `);
  });

  it("6. a load balancer with ipMode Proxy translates by itself: its address is not caught", () => {
    const web = service("default/web", {
      ...balanced,
      loadBalancerIngress: [{ ip: ipv4("1.2.3.4"), ipMode: "Proxy" }],
    });
    expect(legibleRules(web, podThere).filter((rule) => rule.includes("1.2.3.4"))).toEqual([]);
  });

  it("7. loadBalancerSourceRanges: who is not in them falls through KUBE-FW, and table filter drops it", () => {
    const web = service("default/web", { ...balanced, loadBalancerSourceRanges: [prefix("203.0.113.0/25")] });
    expect(legibleRules(web, podThere).filter((rule) => /FW|FIREWALL/.test(rule))).toMatchInlineSnapshot(`
      [
        "filter KUBE-PROXY-FIREWALL -m tcp -p tcp -d 1.2.3.4 --dport 80 -j DROP",
        "nat KUBE-SERVICES -m tcp -p tcp -d 1.2.3.4 --dport 80 -j FW",
        "nat FW -s 203.0.113.0/25 -j EXT",
        "nat FW",
      ]
    `);
  });

  it("8. source ranges that have the node in them let in its load balancer's own address", () => {
    const web = service("default/web", { ...balanced, loadBalancerSourceRanges: [prefix("192.168.0.0/16")] });
    expect(legibleRules(web, podThere).filter((rule) => rule.startsWith("nat FW"))).toMatchInlineSnapshot(`
      [
        "nat FW -s 192.168.0.0/16 -j EXT",
        "nat FW -s 1.2.3.4 -j EXT",
        "nat FW",
      ]
    `);
  });

  it("9. sessionAffinity ClientIP: who was seen within the time goes where it went", () => {
    const web = service("default/web", { sessionAffinity: "ClientIP", sessionAffinityTimeoutSeconds: 60 });
    expect(legibleRules(web, twoPods).filter((rule) => rule.includes("recent"))).toMatchInlineSnapshot(`
      [
        "nat SVC -m recent --name SEP-10.0.1.1 --rcheck --seconds 60 --reap -j SEP-10.0.1.1",
        "nat SVC -m recent --name SEP-10.0.2.1 --rcheck --seconds 60 --reap -j SEP-10.0.2.1",
        "nat SEP-10.0.1.1 -m recent --name SEP-10.0.1.1 --set -m tcp -p tcp -j DNAT --to-destination 10.0.1.1:8080",
        "nat SEP-10.0.2.1 -m recent --name SEP-10.0.2.1 --set -m tcp -p tcp -j DNAT --to-destination 10.0.2.1:8080",
      ]
    `);
  });

  it("10. externalTrafficPolicy Local: clients outside get endpoints of this node, and are not masqueraded", () => {
    const web = service("default/web", { ...nodePort, externalTrafficPolicy: "Local" });
    expect(legibleRules(web, twoPods).filter((rule) => /(EXT|SVL) /.test(rule))).toMatchInlineSnapshot(`
      [
        "nat EXT -s 10.0.0.0/8 -j SVC",
        "nat EXT -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ",
        "nat EXT -m addrtype --src-type LOCAL -j SVC",
        "nat EXT -j SVL",
        "nat SVL -j SEP-10.0.1.1",
      ]
    `);
  });

  it("11. externalTrafficPolicy Local without an endpoint here: dropped, but for clients in the cluster", () => {
    const web = service("default/web", { ...nodePort, externalTrafficPolicy: "Local" });
    expect(legibleRules(web, podThere).filter((rule) => /EXT/.test(rule))).toMatchInlineSnapshot(`
      [
        "filter KUBE-EXTERNAL-SERVICES -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30080 -j DROP",
        "nat KUBE-NODEPORTS -m tcp -p tcp --dport 30080 -j EXT",
        "nat EXT -s 10.0.0.0/8 -j SVC",
        "nat EXT -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ",
        "nat EXT -m addrtype --src-type LOCAL -j SVC",
      ]
    `);
  });

  it("12. its health check port is let in, of load balancers only", () => {
    const web = { ...balanced, externalTrafficPolicy: "Local", healthCheckNodePort: 32000 } as const;
    const health = (changes: object) =>
      legibleRules(service("default/web", { ...web, ...changes }), twoPods).filter((rule) => rule.includes("32000"));
    expect(health({})).toEqual(["filter KUBE-NODEPORTS -m tcp -p tcp --dport 32000 -j ACCEPT"]);
    expect(health({ externalTrafficPolicy: "Cluster" })).toEqual([]);
    expect(health({ type: "NodePort" })).toEqual([]);
  });

  it("13. internalTrafficPolicy Local: the cluster IP leads to endpoints of this node", () => {
    const web = service("default/web", { internalTrafficPolicy: "Local" });
    expect(legibleRules(web, twoPods)).toMatchInlineSnapshot(`
      [
        "nat KUBE-SERVICES -m tcp -p tcp -d 172.30.0.1 --dport 80 -j SVL",
        "nat SVL -m tcp -p tcp -d 172.30.0.1 --dport 80 ! -s 10.0.0.0/8 -j KUBE-MARK-MASQ",
        "nat SVL -j SEP-10.0.1.1",
        "nat SEP-10.0.1.1 -s 10.0.1.1 -j KUBE-MARK-MASQ",
        "nat SEP-10.0.1.1 -m tcp -p tcp -j DNAT --to-destination 10.0.1.1:8080",
      ]
    `);
  });

  it("14. internalTrafficPolicy Local without an endpoint here: dropped", () => {
    const web = service("default/web", { internalTrafficPolicy: "Local" });
    expect(legibleRules(web, podThere)).toEqual([
      "filter KUBE-SERVICES -m tcp -p tcp -d 172.30.0.1 --dport 80 -j DROP",
    ]);
  });

  it("15. UDP and SCTP are matched as such", () => {
    const dns = service("default/web", { ports: [{ protocol: "UDP", port: 53 }] });
    const slice = endpointSlice("default/web", {
      ports: [{ name: "", protocol: "UDP", port: 5353 }],
      endpoints: [at("10.0.1.1")],
    });
    expect(legibleRules(dns, slice)).toMatchInlineSnapshot(`
      [
        "nat KUBE-SERVICES -m udp -p udp -d 172.30.0.1 --dport 53 -j SVC",
        "nat SVC -m udp -p udp -d 172.30.0.1 --dport 53 ! -s 10.0.0.0/8 -j KUBE-MARK-MASQ",
        "nat SVC -j SEP-10.0.1.1",
        "nat SEP-10.0.1.1 -s 10.0.1.1 -j KUBE-MARK-MASQ",
        "nat SEP-10.0.1.1 -m udp -p udp -j DNAT --to-destination 10.0.1.1:5353",
      ]
    `);
  });
});
