import { getSysctl } from "../../linux/setup/sysctl.ts";
import { resolvConfLines } from "../../plan/resolv-conf.ts";
import { Complaint, type Invocation, needNetns, type Outcome, printed } from "./command.ts";

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
  const resolvConf = invocation.world.namespaces.resolvConf.get(netns);
  if (resolvConf === null) throw missing;
  return printed(resolvConfLines(resolvConf));
}
