import type { ProxyConfig } from "../service-model.ts";
import { localhostNodePorts, nodePortDestinations } from "./node-ports.ts";
import { comment, type RuleLists } from "./rule-lists.ts";

/** Counters of the kernel (nfacct) that kube-proxy has rules count with. */
export const invalidDroppedCounter = "ct_state_invalid_dropped_pkts";
export const localhostNodePortCounter = "localhost_nps_accepted_pkts";

/** The chains of table filter that do not depend on Services, and their rules. */
export function filterBase(config: ProxyConfig, filter: RuleLists): void {
  filter.declare(
    "KUBE-SERVICES",
    "KUBE-EXTERNAL-SERVICES",
    "KUBE-FORWARD",
    "KUBE-NODEPORTS",
    "KUBE-PROXY-FIREWALL",
    ...(localhostNodePorts(config) ? ["KUBE-FIREWALL"] : []),
  );
  if (localhostNodePorts(config)) {
    // `route_localnet` would let neighbours reach what listens on 127.0.0.1 (CVE-2020-8558).
    filter.append(
      "KUBE-FIREWALL",
      comment("block incoming localnet connections"),
      "-d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
    );
  }
  if (config.conntrackTcpBeLiberal !== true) {
    const counts = config.nfacctCounters.includes(invalidDroppedCounter);
    const counter = counts ? [`-m nfacct --nfacct-name ${invalidDroppedCounter}`] : [];
    filter.append("KUBE-FORWARD", "-m conntrack --ctstate INVALID", ...counter, "-j DROP");
  }
  const mark = masqueradeMark(config);
  filter.append("KUBE-FORWARD", comment("kubernetes forwarding rules"), `-m mark --mark ${mark}/${mark} -j ACCEPT`);
  filter.append(
    "KUBE-FORWARD",
    comment("kubernetes forwarding conntrack rule"),
    "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
  );
}

/** The chains of table nat that do not depend on Services, and the rules of those that mark and masquerade. */
export function natBase(config: ProxyConfig, nat: RuleLists): void {
  nat.declare("KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ");
  const mark = masqueradeMark(config);
  nat.append("KUBE-POSTROUTING", `-m mark ! --mark ${mark}/${mark} -j RETURN`);
  // Taken off again, so that a packet that passes once more (out of a tunnel, say) is not masqueraded twice.
  nat.append("KUBE-POSTROUTING", `-j MARK --xor-mark ${mark}`);
  nat.append(
    "KUBE-POSTROUTING",
    comment("kubernetes service traffic requiring SNAT"),
    config.randomFully ? "-j MASQUERADE --random-fully" : "-j MASQUERADE",
  );
  nat.append("KUBE-MARK-MASQ", `-j MARK --or-mark ${mark}`);
}

/** The end of KUBE-SERVICES: whatever is for the node itself may be for a node port. */
export function nodePortTail(config: ProxyConfig, nat: RuleLists): void {
  const note = comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain");
  for (const destination of nodePortDestinations(config)) {
    nat.append("KUBE-SERVICES", note, destination, "-j KUBE-NODEPORTS");
  }
}

function masqueradeMark(config: ProxyConfig): string {
  return `0x${config.masqueradeMark.toString(16)}`;
}
