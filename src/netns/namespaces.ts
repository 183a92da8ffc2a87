import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { NetfilterCommand, NetworkCommand, SetUpCommand } from "../plan/commands.ts";
import type { InterfaceName, NetworkPlan } from "../plan/plan.ts";
import { inNamespace, shellForm } from "../plan/shell/commands.ts";
import { NamespaceNames } from "../plan/shell/namespace-names.ts";
import { commandLine } from "../plan/shell/quote.ts";
import type { Statement } from "../plan/statements.ts";
import type { Children } from "./children.ts";
import { runCommand } from "./run-command.ts";
import { existingNamespaces } from "./run-name.ts";
import { delay } from "./time.ts";

/** A command of the set-up that Linux refused, or that this machine cannot carry out. */
export class SetUpFailure extends Error {
  readonly command: SetUpCommand | undefined;

  constructor(message: string, command?: SetUpCommand) {
    super(message);
    this.command = command;
  }
}

/** Whether a command changes rules of netfilter. */
function isNetfilterCommand(command: SetUpCommand | NetworkCommand): command is NetfilterCommand {
  return command.do === "iptables" || command.do === "iptables-restore" || command.do === "nft";
}

const callIptables = "net.bridge.bridge-nf-call-iptables";

/** A plan's network on the real kernel. */
export class RealNetwork {
  readonly names: NamespaceNames;
  /** Every interface, `lo` included, in the order in which they were made. */
  readonly interfaces: readonly InterfaceName[];
  readonly bridges: readonly InterfaceName[];
  readonly vxlans: readonly InterfaceName[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
  private readonly plan: NetworkPlan;
  private readonly children: Children;
  private readonly made: string[] = [];

  constructor(plan: NetworkPlan, prefix: string, children: Children) {
    this.plan = plan;
    this.children = children;
    this.names = new NamespaceNames(prefix);
    const commands = [...plan.setUp()];
    this.interfaces = commands.flatMap(interfacesOf);
    this.bridges = commands.flatMap((command) => (command.do === "bridge add" ? [command] : []));
    this.vxlans = commands.flatMap((command) => (command.do === "vxlan add" ? [command] : []));
    this.notes = commands.flatMap((command) =>
      command.do === "listen" ? [] : (shellForm(command, this.names).note ?? []),
    );
  }

  /** The plan's own names of its namespaces. */
  get namespaces(): readonly string[] {
    return this.interfaces.flatMap(({ netns, dev }) => (dev === "lo" ? [netns] : []));
  }

  async build(): Promise<void> {
    this.refuseClashes();
    for (const command of this.plan.setUp()) {
      if (command.do === "netns add") this.made.push(this.names.of(command.netns));
      const failure = await this.change(command);
      if (failure !== undefined) throw new SetUpFailure(failure, command);
    }
    await this.keepRulesOffBridges();
    await this.settle();
  }

  /** What the program complained of, or undefined when all went well. */
  async change(command: SetUpCommand | NetworkCommand): Promise<string | undefined> {
    for (const { argv, input } of shellForm(command, this.names).commands) {
      const { status, stderr } = await runCommand(argv, this.children, input);
      if (status !== 0) return `${commandLine(argv)}: ${stderr.trim() || `exit status ${status}`}`;
    }
    return undefined;
  }

  /** Removes all namespaces made so far. Synchronous, since it also runs when the process is about to end. */
  remove(): void {
    for (const name of this.made.splice(0)) removeNamespace(name);
  }

  /**
   * Where br_netfilter is loaded, new namespaces call iptables for bridged frames, and look at these even where there are no
   * rules. The simulated kernel lets them alone there, so only namespaces that get rules keep the kernel's default.
   */
  private async keepRulesOffBridges(): Promise<void> {
    if (!existsSync("/proc/sys/net/bridge")) return;
    const kept = new Set<string>();
    const keep = (command: SetUpCommand | NetworkCommand) => {
      const isStated = command.do === "sysctl" && command.key === callIptables;
      if (isStated || isNetfilterCommand(command)) kept.add(command.netns);
    };
    for (const command of this.plan.setUp()) keep(command);
    for (const { statements } of this.plan.scenarios) forEachConfigure(statements, keep);
    for (const netns of new Set(this.bridges.map((bridge) => bridge.netns)))
      if (!kept.has(netns))
        await runCommand(inNamespace(this.names.of(netns), ["sysctl", "-qw", `${callIptables}=0`]), this.children);
  }

  private refuseClashes(): void {
    const existing = new Set(existingNamespaces());
    const clash = this.namespaces.map((netns) => this.names.of(netns)).find((name) => existing.has(name));
    if (clash !== undefined)
      throw new SetUpFailure(`there is already a namespace ${clash}; it is not ours, so it was left alone`);
  }

  /**
   * The kernel takes note of a carrier that came or went some time afterwards, up to a second (net/core/link_watch.c); until
   * then, frames are lost on one and neighbours kept on the other.
   */
  async settle(): Promise<void> {
    for (let tries = 0; tries < 50; tries++) {
      const states = await Promise.all(this.namespaces.map((netns) => this.isSettled(netns)));
      if (states.every(Boolean)) return;
      await delay(50);
    }
  }

  private async isSettled(netns: string): Promise<boolean> {
    const { stdout } = await runCommand(["ip", "-n", this.names.of(netns), "-j", "link"], this.children);
    const links = JSON.parse(stdout || "[]") as { ifname: string; flags: string[]; operstate: string }[];
    return links.every(({ ifname, flags, operstate }) => {
      if (ifname === "lo" || !flags.includes("UP")) return true;
      // A bridge that never had a port is in state UNKNOWN.
      return flags.includes("LOWER_UP") ? operstate !== "DOWN" : operstate !== "UP";
    });
  }
}

/** Ends what runs inside, and removes the namespace with all that is in it. */
export function removeNamespace(name: string): void {
  const pids = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" }).stdout ?? "";
  for (const pid of pids.split("\n").filter((line) => line !== "")) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  }
  spawnSync("ip", ["netns", "del", name]);
}

function interfacesOf(command: SetUpCommand): readonly InterfaceName[] {
  switch (command.do) {
    case "netns add":
      return [{ netns: command.netns, dev: "lo" }];
    case "veth add":
      return [
        { netns: command.netns, dev: command.dev },
        { netns: command.peerNetns, dev: command.peerDev },
      ];
    case "bridge add":
    case "vxlan add":
      return [{ netns: command.netns, dev: command.dev }];
    default:
      return [];
  }
}

/** The commands that a scenario gives, those of its parallel parts included. */
function forEachConfigure(statements: readonly Statement[], visit: (command: NetworkCommand) => void): void {
  for (const statement of statements) {
    if (statement.do === "parallel") forEachConfigure(statement.statements, visit);
    else if (statement.do === "configure") for (const one of statement.commands) visit(one);
  }
}
