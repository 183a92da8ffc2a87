import { describe, expect, it } from "vitest";
import { kubeProxyTables } from "../../../src/kube/proxy/iptables-rules.ts";
import { proxySysctls } from "../../../src/kube/proxy/node-ports.ts";
import type { ProxyConfig } from "../../../src/kube/service-model.ts";
import { legibleRules } from "./legible.ts";
import { at, endpointSlice, prefix, proxyConfig, service } from "./objects.ts";

const web = service("default/web", { type: "NodePort", ports: [{ nodePort: 30080 }], externalTrafficPolicy: "Local" });
const slice = endpointSlice("default/web", { endpoints: [at("10.0.1.1", "here")] });

describe("kube-proxy's options", () => {
  it("1. masqueradeAll: whoever dials the cluster IP", () => {
    expect(fromWhom({ masqueradeAll: true })).toEqual([
      "nat SVC -m tcp -p tcp -d 172.30.0.1 --dport 80 -j KUBE-MARK-MASQ",
      "nat EXT -s 10.0.0.0/8 -j SVC",
    ]);
  });

  it("2. the local detector: whose packets are those of local pods", () => {
    expect(fromWhom({ localDetector: { mode: "NodeCIDR", cidr: prefix("10.0.1.0/24") } })).toEqual([
      "nat SVC -m tcp -p tcp -d 172.30.0.1 --dport 80 ! -s 10.0.1.0/24 -j KUBE-MARK-MASQ",
      "nat EXT -s 10.0.1.0/24 -j SVC",
    ]);
    expect(fromWhom({ localDetector: { mode: "BridgeInterface", interface: "cni0" } })).toEqual([
      "nat SVC -m tcp -p tcp -d 172.30.0.1 --dport 80 ! -i cni0 -j KUBE-MARK-MASQ",
      "nat EXT -i cni0 -j SVC",
    ]);
    expect(fromWhom({ localDetector: { mode: "InterfaceNamePrefix", prefix: "cali" } })).toEqual([
      "nat SVC -m tcp -p tcp -d 172.30.0.1 --dport 80 ! -i cali+ -j KUBE-MARK-MASQ",
      "nat EXT -i cali+ -j SVC",
    ]);
    expect(fromWhom({ localDetector: { mode: "none" } })).toEqual([]);
  });

  it("3. nodePortAddresses: which of the node's addresses have node ports; 127.0.0.1 unless it is left out", () => {
    const all = { localhost: ["net.ipv4.conf.all.route_localnet=1"], firewall: true };
    const none = { localhost: [], firewall: false };
    expect(nodePorts({})).toEqual({ to: ["-m addrtype --dst-type LOCAL"], ...all });
    expect(nodePorts({ localhostNodePorts: false })).toEqual({
      to: ["-m addrtype --dst-type LOCAL ! -d 127.0.0.0/8"],
      ...none,
    });
    expect(nodePorts({ nodePortAddresses: "primary" })).toEqual({ to: ["-d 192.168.0.2"], ...none });
    expect(nodePorts({ nodePortAddresses: [prefix("172.18.0.0/16"), prefix("127.0.0.0/8")] })).toEqual({
      to: ["-d 172.18.0.2", "-d 127.0.0.1"],
      ...all,
    });
    expect(nodePorts({ nodePortAddresses: [prefix("127.0.0.0/8")], localhostNodePorts: false })).toEqual({
      to: [],
      ...none,
    });
  });

  it("4. the mark, and --random-fully", () => {
    expect(chain({ masqueradeMark: 0x8000, randomFully: true }, "nat", "KUBE-POSTROUTING")).toEqual([
      "-m mark ! --mark 0x8000/0x8000 -j RETURN",
      "-j MARK --xor-mark 0x8000",
      '-m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    ]);
    expect(chain({ masqueradeMark: 0x8000 }, "nat", "KUBE-MARK-MASQ")).toEqual(["-j MARK --or-mark 0x8000"]);
  });

  it("5. counters that the kernel has are counted with", () => {
    const nfacctCounters = ["ct_state_invalid_dropped_pkts", "localhost_nps_accepted_pkts"];
    expect(chain({ nfacctCounters }, "filter", "KUBE-FORWARD")[0]).toBe(
      "-m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP",
    );
    expect(legibleRules(web, slice, { nfacctCounters }).filter((rule) => rule.includes("NODEPORTS"))).toEqual([
      "nat KUBE-NODEPORTS -m tcp -p tcp -d 127.0.0.0/8 --dport 30080 -m nfacct --nfacct-name localhost_nps_accepted_pkts -j EXT",
      "nat KUBE-NODEPORTS -m tcp -p tcp --dport 30080 -j EXT",
    ]);
  });

  it("6. tcpBeLiberal: INVALID packets are not dropped", () => {
    expect(chain({ conntrackTcpBeLiberal: true }, "filter", "KUBE-FORWARD").join()).not.toContain("INVALID");
  });
});

function fromWhom(config: Partial<ProxyConfig>): readonly string[] {
  return legibleRules(web, slice, config).filter((rule) => /^nat SVC .*MASQ|^nat EXT -[si]/.test(rule));
}

function nodePorts(changes: Partial<ProxyConfig>) {
  const last = chain(changes, "nat", "KUBE-SERVICES").filter((rule) => rule.includes("must be the last rule"));
  return {
    to: last.map((rule) => rule.replace(/.*" | -j KUBE-NODEPORTS/g, "")),
    localhost: proxySysctls(proxyConfig(changes)).map(({ name, value }) => `${name}=${value}`),
    firewall: chain(changes, "filter", "KUBE-FIREWALL").length > 0,
  };
}

function chain(changes: Partial<ProxyConfig>, table: string, name: string): readonly string[] {
  const found = kubeProxyTables(proxyConfig(changes), [web], [slice]).find((it) => it.name === table);
  return found?.chains.find((it) => it.name === name)?.rules ?? [];
}
