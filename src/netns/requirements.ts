import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { SetUpCommand } from "../plan/commands.ts";
import type { NetworkPlan } from "../plan/plan.ts";
import type { Statement } from "../plan/statements.ts";
import type { Children } from "./children.ts";
import { namespacesWithRules } from "./connections.ts";
import { flatStatements } from "./flat-statements.ts";
import { runCommand } from "./run-command.ts";
import { runPrefix } from "./run-name.ts";

/** Programs and the Debian packages that they come from. */
const packages = {
  ip: "iproute2",
  bridge: "iproute2",
  sysctl: "procps",
  ethtool: "ethtool",
  tcpdump: "tcpdump",
  ping: "iputils-ping",
  arping: "iputils-arping",
  traceroute: "traceroute",
  "iptables-restore": "iptables",
  nft: "nftables",
  conntrack: "conntrack",
  ipset: "ipset",
} as const;
type Program = keyof typeof packages;

/** Why plans cannot run on the real kernel here, one sentence each; empty where they can. */
export async function missingRequirements(
  plans: readonly NetworkPlan[],
  programHost: string,
  children: Children,
): Promise<readonly string[]> {
  if (process.platform !== "linux") return [`this needs Linux; this machine runs ${process.platform}`];
  const complaints: string[] = [];
  if (process.getuid?.() !== 0) complaints.push("this needs root, to make network namespaces; try sudo");
  for (const program of neededPrograms(plans))
    if (!isOnPath(program)) complaints.push(`this needs ${program} (Debian's ${packages[program]})`);
  if (needsBridgeNetfilter(plans) && !existsSync("/proc/sys/net/bridge"))
    complaints.push("this needs the kernel module br_netfilter: modprobe br_netfilter");
  if (!existsSync(programHost)) complaints.push(`${programHost} is missing; npm run build makes it`);
  return complaints.length > 0 ? complaints : missingKernelFeatures(children, needsVxlan(plans));
}

function neededPrograms(plans: readonly NetworkPlan[]): readonly Program[] {
  const statements = plans.flatMap((plan) => plan.scenarios).flatMap((one) => [...flatStatements(one.statements)]);
  const isUsed = (verb: Statement["do"]) => statements.some((statement) => statement.do === verb);
  const hasRules = plans.some((plan) => plan.scenarios.some((one) => namespacesWithRules(plan, one).length > 0));
  const commands = [
    ...plans.flatMap((plan) => [...plan.setUp()]),
    ...statements.flatMap((one) => (one.do === "configure" ? one.commands : [])),
  ];
  const runs = (is: (command: SetUpCommand) => boolean) => commands.some(is);
  const always = ["ip", "bridge", "sysctl", "ethtool", "tcpdump"] as const;
  return [
    ...always,
    ...(isUsed("ping") ? (["ping"] as const) : []),
    ...(isUsed("arping") ? (["arping"] as const) : []),
    ...(isUsed("traceroute") ? (["traceroute"] as const) : []),
    ...(runs((command) => command.do.startsWith("iptables")) ? (["iptables-restore"] as const) : []),
    ...(runs((command) => command.do === "nft") ? (["nft"] as const) : []),
    ...(hasRules || statements.some(usesConntrack) ? (["conntrack"] as const) : []),
    ...(plans.some(makesSets) || statements.some(changesSets) ? (["ipset"] as const) : []),
  ];
}

function makesSets(plan: NetworkPlan): boolean {
  for (const command of plan.setUp()) if (command.do === "ipset") return true;
  return false;
}

function changesSets(statement: Statement): boolean {
  return statement.do === "configure" && statement.commands.some((command) => command.do === "ipset");
}

function usesConntrack(statement: Statement): boolean {
  if (statement.do !== "configure") return false;
  return statement.commands.some((command) => command.do === "conntrack delete");
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)));
}

function needsBridgeNetfilter(plans: readonly NetworkPlan[]): boolean {
  return plans.some((plan) => {
    for (const command of plan.setUp())
      if (command.do === "sysctl" && command.key.startsWith("net.bridge.")) return true;
    return false;
  });
}

function needsVxlan(plans: readonly NetworkPlan[]): boolean {
  return plans.some((plan) => [...plan.setUp()].some((command) => command.do === "vxlan add"));
}

/** Asked of the kernel itself: a container may be root and yet not be allowed. */
async function missingKernelFeatures(children: Children, withVxlan: boolean): Promise<readonly string[]> {
  const name = `${runPrefix(false)}try`;
  const made = await runCommand(["ip", "netns", "add", name], children);
  if (made.status !== 0) return [`this kernel, or this container, allows no network namespaces: ${made.stderr.trim()}`];
  const complaints: string[] = [];
  for (const words of [
    ["try0", "type", "veth", "peer", "name", "try1"],
    ["try2", "type", "bridge"],
    ...(withVxlan ? [["try3", "type", "vxlan", "id", "1", "dstport", "8472"]] : []),
  ]) {
    const { status, stderr } = await runCommand(["ip", "-n", name, "link", "add", ...words], children);
    if (status !== 0) complaints.push(`this kernel has no ${words[2]} devices: ${stderr.trim()}`);
  }
  await runCommand(["ip", "netns", "del", name], children);
  return complaints;
}
