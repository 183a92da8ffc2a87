import { resolvConfOf } from "../../kube/dns/resolv-conf.ts";
import { getSysctl } from "../../linux/setup/sysctl.ts";
import type { ResolvConf } from "../../plan/names.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { Complaint, type Invocation, needNetns, netnsName, type Outcome, printed } from "./command.ts";

/** `cat /etc/resolv.conf`, `cat /proc/sys/net/ipv4/ip_forward`. */
export function catFile(invocation: Invocation): Outcome {
  const netns = needNetns(invocation, "kubectl exec pod1 -- cat /etc/resolv.conf");
  const [path, more] = invocation.words.map(({ text }) => text);
  if (path === undefined || more !== undefined) throw new Complaint("Write cat FILE.");
  const missing = new Complaint(`cat: ${path}: No such file or directory`);
  if (path.startsWith("/proc/sys/")) {
    const value = getSysctl(invocation.world, netns, path.slice("/proc/sys/".length).replaceAll("/", "."));
    if (value === undefined) throw missing;
    return printed([String(value)]);
  }
  if (path !== "/etc/resolv.conf") throw missing;
  const { layout } = invocation;
  const found = layout?.names.resolve(netnsName(invocation, netns));
  const resolver = found?.kind === "found" && layout !== undefined ? resolvConfOf(layout, found.ref) : undefined;
  if (resolver === undefined) throw missing;
  return printed(resolvConfLines(resolver));
}

/** As kubelet writes it. */
function resolvConfLines({
  nameservers,
  search,
  ndots,
  singleRequest,
  singleRequestReopen,
  useVc,
}: ResolvConf): string[] {
  const options = [
    ...(ndots === 1 ? [] : [`ndots:${ndots}`]),
    ...(singleRequest ? ["single-request"] : []),
    ...(singleRequestReopen ? ["single-request-reopen"] : []),
    ...(useVc ? ["use-vc"] : []),
  ];
  return [
    ...(search.length === 0 ? [] : [`search ${search.join(" ")}`]),
    ...nameservers.map((address) => `nameserver ${formatIpv4(address)}`),
    ...(options.length === 0 ? [] : [`options ${options.join(" ")}`]),
  ];
}
