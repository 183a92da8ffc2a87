import { formatPrefix, type Ipv4Prefix } from "../wire/ipv4-address.ts";
import { comment, type RestoreTable } from "./proxy/rule-lists.ts";

/** What flannel takes for kube-proxy's mark, whatever that has been told. */
const proxyMark = "0x4000/0x4000";
const multicast = "224.0.0.0/4";

/**
 * What flanneld writes on a node with `--ip-masq`: pods' packets get the node's address when they leave the cluster, and
 * may pass whatever FORWARD's policy is (flannel, pkg/trafficmngr/iptables/iptables.go, v0.25; without `--random-fully`).
 */
export function flannelTables(cluster: Ipv4Prefix, node: Ipv4Prefix): readonly RestoreTable[] {
  const [network, subnet] = [formatPrefix(cluster), formatPrefix(node)];
  const masq = comment("flanneld masq");
  const forward = comment("flanneld forward");
  return [
    {
      name: "filter",
      chains: [
        { name: "FORWARD", rules: [`${forward} -j FLANNEL-FWD`] },
        { name: "FLANNEL-FWD", rules: [`-s ${network} ${forward} -j ACCEPT`, `-d ${network} ${forward} -j ACCEPT`] },
      ],
    },
    {
      name: "nat",
      chains: [
        { name: "POSTROUTING", rules: [`${masq} -j FLANNEL-POSTRTG`] },
        {
          name: "FLANNEL-POSTRTG",
          rules: [
            `-m mark --mark ${proxyMark} ${masq} -j RETURN`,
            `-s ${subnet} -d ${network} ${masq} -j RETURN`,
            `-s ${network} -d ${subnet} ${masq} -j RETURN`,
            `! -s ${network} -d ${subnet} ${masq} -j RETURN`,
            `-s ${network} ! -d ${multicast} ${masq} -j MASQUERADE`,
            `! -s ${network} -d ${network} ${masq} -j MASQUERADE`,
          ],
        },
      ],
    },
  ];
}
