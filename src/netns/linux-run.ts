import type { NetworkPlan } from "../plan/plan.ts";
import { type Argv, inNamespace } from "../plan/shell/commands.ts";
import { statementCommands, tracerouteArgv } from "../plan/shell/statements.ts";
import type { ScenarioPlan, Statement } from "../plan/statements.ts";
import { readBridgeTimers } from "./bridge-timers.ts";
import { Captures } from "./capture.ts";
import type { Children } from "./children.ts";
import { ConnectionEvents } from "./connection-events.ts";
import { namespacesWithRules, tablesOfNft } from "./connections.ts";
import { flatStatements } from "./flat-statements.ts";
import type { HostedStatement } from "./host-protocol.ts";
import { readJiffies, timerWheelOf } from "./jiffies.ts";
import { type RealNetwork, SetUpFailure } from "./namespaces.ts";
import type { MomentSpan, Observation, ObservedProgram, ObservedStatement } from "./observation.ts";
import { ProgramHosts } from "./program-hosts.ts";
import { readReachableTimes } from "./reachable-times.ts";
import { runCommand } from "./run-command.ts";
import { realTables } from "./tables.ts";
import { delay, epochNs } from "./time.ts";

/** Nothing has passed any interface for so long: longer than our servers wait before they close (150 ms). */
const quietMs = 300;
/** Captures go on for so long after the end. */
const tailMs = 150;
/**
 * What goes on and on, such as a packet that is sent again each second, is not waited for. A program that was given 1 or 1.5 s is then
 * not followed by the next one just when a neighbour fails that never answered, 3.07 s on.
 */
const longestWaitMs = 1800;

/** Runs what follows as process 1 (`tracerouteIdentifier`). */
const firstProcess = ["unshare", "--pid", "--fork", "--kill-child"] as const;

/** Runs a scenario on a network that has been built. */
export async function runOnLinux(
  plan: NetworkPlan,
  scenario: ScenarioPlan,
  network: RealNetwork,
  programHost: Argv,
  children: Children,
): Promise<{ readonly observation: Observation; readonly captures: Captures }> {
  const hosts = new ProgramHosts(programHost, network.names, children);
  await startServers(plan, scenario, hosts);
  const { times, complaints } = await readReachableTimes(network.namespaces, network.names, children);
  if (complaints.length > 0) throw new SetUpFailure(complaints.join("\n"));
  const captures = new Captures(network.names, children);
  const withRules = namespacesWithRules(plan, scenario);
  const events = new ConnectionEvents(withRules, network.names, children);
  await Promise.all([captures.start(network.interfaces), events.start()]);
  const readings = [...readJiffies()];
  const bridgeTimers = await readBridgeTimers(network.bridges, network.names, children);
  const run = new LinuxRun(network, hosts, captures, children, withRules, tablesOfNft(plan, scenario));
  const statements = await run.all(scenario);
  const endNs = run.nowNs;
  // A busy machine's tcpdump may be behind.
  await delay(tailMs);
  readings.push(...readJiffies());
  const frames = await captures.stop(run.beganNs);
  const connections = await events.stop(run.beganNs);
  const timerWheel = timerWheelOf(readings, run.beganNs);
  const bridgeTimersNs = new Map([...bridgeTimers].map(([name, atNs]) => [name, atNs - run.beganNs]));
  const known = { reachableTimes: times, bridgeTimersNs, connections, watched: withRules, timerWheel };
  return { observation: { frames, statements, endNs, ...known }, captures };
}

async function startServers(plan: NetworkPlan, scenario: ScenarioPlan, hosts: ProgramHosts): Promise<void> {
  const listeners = [...plan.setUp()].flatMap((command) => (command.do === "listen" ? [command] : []));
  const clients = [...flatStatements(scenario.statements)].filter(isHosted);
  await hosts.start(new Set([...listeners, ...clients].map(({ netns }) => netns)));
  for (const listener of listeners) await hosts.listen(listener);
}

function isHosted(statement: Statement): statement is HostedStatement {
  return ["udp", "tcp", "curl", "dig"].includes(statement.do);
}

/** `startsWithin`: when the kernel did it, where that is known better than when it was asked to. */
interface Ran {
  readonly programs: readonly ObservedProgram[];
  readonly startsWithin?: MomentSpan;
}

/** The statements of one scenario, one after the other. */
class LinuxRun {
  readonly beganNs = epochNs();
  private readonly network: RealNetwork;
  private readonly hosts: ProgramHosts;
  private readonly captures: Captures;
  private readonly children: Children;
  private readonly withRules: readonly string[];
  private readonly withNft: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(
    network: RealNetwork,
    hosts: ProgramHosts,
    captures: Captures,
    children: Children,
    withRules: readonly string[],
    withNft: ReadonlyMap<string, ReadonlySet<string>>,
  ) {
    this.network = network;
    this.hosts = hosts;
    this.captures = captures;
    this.children = children;
    this.withRules = withRules;
    this.withNft = withNft;
  }

  /** Since the scenario began. */
  get nowNs(): number {
    return epochNs() - this.beganNs;
  }

  async all(scenario: ScenarioPlan): Promise<readonly ObservedStatement[]> {
    const observed: ObservedStatement[] = [];
    for (const statement of scenario.statements) {
      if (statement.do === "expect") continue;
      await this.until(statement.atNs ?? 0);
      observed.push(await this.observe(statement));
    }
    await this.until(scenario.untilNs ?? 0);
    return observed;
  }

  private async observe(statement: Statement): Promise<ObservedStatement> {
    const begunNs = this.nowNs;
    const { programs, startsWithin } = await this.run(statement);
    const startNs = startsWithin === undefined ? begunNs : (startsWithin.fromNs + startsWithin.toNs) / 2;
    const endNs = this.nowNs;
    if (statement.do !== "wait") await this.quiet();
    const askedNs = this.nowNs;
    const { namespaces, bridges, vxlans, names } = this.network;
    const tables = await realTables(namespaces, bridges, vxlans, this.withRules, this.withNft, names, this.children);
    return { statement, startNs, startsWithin, endNs, programs, tables, askedNs, answeredNs: this.nowNs };
  }

  private async run(statement: Statement): Promise<Ran> {
    switch (statement.do) {
      case "ping":
      case "arping": {
        const [argv] = statementCommands(statement, this.network.names) as readonly Argv[];
        const { stdout, stderr } = await runCommand(argv, this.children);
        return { programs: [{ statement, output: stdout + stderr }] };
      }
      case "traceroute": {
        // It names its packets by its process id: the first process of a PID namespace has the one that the scenario says.
        const argv = inNamespace(this.network.names.of(statement.netns), [
          ...firstProcess,
          ...tracerouteArgv(statement),
        ]);
        const { stdout, stderr } = await runCommand(argv, this.children);
        return { programs: [{ statement, output: stdout + stderr }] };
      }
      case "udp":
      case "tcp":
      case "curl":
      case "dig": {
        const { output, unable } = await this.hosts.run(statement);
        if (unable !== undefined) throw new SetUpFailure(`"${statement.text}" cannot be run here: ${unable}`);
        return { programs: [{ statement, output }] };
      }
      case "configure": {
        const begunNs = this.nowNs;
        const commands = statement.commands;
        const refusals: string[] = [];
        for (const command of commands) {
          if (command.do === "inform") this.hosts.inform(command);
          if ((await this.network.change(command)) !== undefined) refusals.push("refused");
        }
        const startsWithin = { fromNs: begunNs, toNs: this.nowNs };
        if (commands.some((command) => command.do === "link set")) await this.network.settle();
        return { programs: [{ statement, output: refusals.join("") }], startsWithin };
      }
      case "wait":
        await delay(statement.durationNs / 1e6);
        return { programs: [] };
      case "parallel": {
        const all = await Promise.all(statement.statements.map((one) => this.runAt(one)));
        return { programs: all.flatMap(({ programs }) => programs) };
      }
      case "expect":
        return { programs: [] };
    }
  }

  private async runAt(statement: Statement): Promise<Ran> {
    await this.until(statement.atNs ?? 0);
    return this.run(statement);
  }

  private async until(timeNs: number): Promise<void> {
    const leftMs = (timeNs - this.nowNs) / 1e6;
    if (leftMs > 0) await delay(leftMs);
  }

  private async quiet(): Promise<void> {
    const since = this.nowNs;
    while (this.nowNs - since < longestWaitMs * 1e6) {
      const lastNs = Math.max(this.captures.lastFrameNs - this.beganNs, since);
      const leftMs = quietMs - (this.nowNs - lastNs) / 1e6;
      if (leftMs <= 0) return;
      await delay(leftMs);
    }
  }
}
