import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkPlan } from "../plan/plan.ts";
import type { Argv } from "../plan/shell/commands.ts";
import type { ScenarioPlan, Statement } from "../plan/statements.ts";
import type { EthernetFrame } from "../wire/ethernet.ts";
import { transportOf } from "../wire/frame-text.ts";
import type { Captures } from "./capture.ts";
import { Children } from "./children.ts";
import { compareFrames, type FrameComparison, type FrameDifference } from "./compare-frames.ts";
import { compareTables, type TableDifference, tableWindows } from "./compare-tables.ts";
import { withoutChosenPorts } from "./connections.ts";
import { flatStatements } from "./flat-statements.ts";
import { runOnLinux } from "./linux-run.ts";
import { mentionedPorts } from "./mentioned-ports.ts";
import { RealNetwork } from "./namespaces.ts";
import { withoutCounts } from "./nft-tables.ts";
import type { Observation, ObservedStatement } from "./observation.ts";
import type { Refusal } from "./observed-choices.ts";
import { otherMoments } from "./other-moments.ts";
import { comparableOutput } from "./printed.ts";
import { runPrefix } from "./run-name.ts";
import { reasonNotToRun, type SimulatedRun, simulate } from "./simulated-run.ts";
import type { Tables } from "./tables.ts";

/** What came of running one scenario on both kernels. */
export interface ScenarioVerdict {
  readonly scenario: ScenarioPlan;
  readonly frames: number;
  readonly statements: number;
  readonly differences: readonly Difference[];
  /** What was not compared, and why. */
  readonly notes: readonly string[];
  /** Where the network and the captures were kept. */
  readonly kept?: { readonly namespaces: readonly string[]; readonly captures: string };
}

/** `statement` is where in the scenario it was; undefined for what was there before the first one. */
export type Difference = { readonly statement: Statement | undefined } & (
  | { readonly kind: "frames"; readonly frames: FrameDifference }
  | { readonly kind: "table"; readonly table: TableDifference }
  | { readonly kind: "output"; readonly linux: readonly string[]; readonly simulated: readonly string[] }
  | { readonly kind: "choice"; readonly choice: Refusal }
);

export interface VerifyOptions {
  /** Starts a program host. */
  readonly programHost: Argv;
  readonly keep: boolean;
}

/** A verification that is under way, and can be given up at any moment. */
export class ScenarioVerification {
  private readonly plan: NetworkPlan;
  private readonly scenario: ScenarioPlan;
  private readonly options: VerifyOptions;
  private readonly children = new Children();
  private network: RealNetwork | undefined;

  constructor(plan: NetworkPlan, scenario: ScenarioPlan, options: VerifyOptions) {
    this.plan = plan;
    this.scenario = withIdentifiers(scenario);
    this.options = options;
  }

  /** Rejects with `SetUpFailure` where it could not be run. `index` tells its namespaces from those of other scenarios. */
  async run(index: number): Promise<ScenarioVerdict> {
    const reason = reasonNotToRun(this.plan, this.scenario);
    if (reason !== undefined) return this.verdict(0, [], [`not run: ${reason}`]);
    const { keep, programHost } = this.options;
    const network = new RealNetwork(this.plan, `${runPrefix(keep)}${index}-`, this.children);
    this.network = network;
    try {
      await network.build();
      const { observation, captures } = await runOnLinux(this.plan, this.scenario, network, programHost, this.children);
      const verdict = this.compareAny(observation, network.notes);
      return keep ? { ...verdict, kept: this.keep(network, captures) } : verdict;
    } finally {
      await this.children.end();
      if (!keep) network.remove();
    }
  }

  /** Removes everything at once: to be called when the process is about to end. */
  abandon(): void {
    this.children.kill();
    this.network?.remove();
  }

  /**
   * It is a race whether what a timer sends comes before or after a change, where it comes while the command runs that makes the
   * change: then the simulated kernel must do the same in one of these orders.
   */
  private compareAny(observation: Observation, notes: readonly string[]): ScenarioVerdict {
    const verdict = this.compare(observation, notes);
    if (verdict.differences.length === 0) return verdict;
    for (const other of otherMoments(observation)) {
      const second = this.compare(other, notes);
      if (second.differences.length === 0) return second;
    }
    return verdict;
  }

  private compare(observation: Observation, notes: readonly string[]): ScenarioVerdict {
    const windows = tableWindows(observation);
    const simulated = simulate(this.plan, this.scenario, observation, windows);
    const isKnownPort = this.knownPorts(observation, simulated);
    const comparable = (tables: Tables) => withoutChosenPorts(tables, isKnownPort);
    const frames = this.compareFrames(observation, simulated, isKnownPort);
    const late = frames.lateAcknowledgments;
    // Rules count acknowledgments, too.
    const counted = (tables: Tables) => (late === 0 ? comparable(tables) : withoutCounts(comparable(tables)));
    const differences: Difference[] = [
      ...simulated.refusals.map((choice) => choiceDifference(observation, choice)),
      ...frames.differences.map((one) => frameDifference(observation, one)),
      ...outputDifferences(observation, simulated),
      ...observation.statements.flatMap(({ statement, tables }, index) =>
        compareTables(counted(tables), simulated.tables[index].map(counted)).map(
          (table) => ({ kind: "table", statement, table }) as const,
        ),
      ),
    ];
    const lateNotes = late === 0 ? [] : [`${late} delayed acknowledgments, since a program of this machine was late`];
    const allNotes = [...notes, ...notesOn(observation, isKnownPort), ...lateNotes];
    return this.verdict(observation.frames.length, differences, allNotes);
  }

  /** Ports that the file names, and those that Linux drew and the simulated kernel took, too. */
  private knownPorts(observation: Observation, simulated: SimulatedRun): (port: number) => boolean {
    const named = mentionedPorts(this.plan, this.scenario);
    const drawn = new Set(observation.frames.flatMap(({ frame }) => portsOf(frame)));
    const taken = new Set(simulated.frames.flatMap(({ frame }) => portsOf(frame)));
    return (port) => named.has(port) || (drawn.has(port) && taken.has(port));
  }

  private compareFrames(
    observation: Observation,
    simulated: SimulatedRun,
    isKnownPort: (port: number) => boolean,
  ): FrameComparison {
    const { statements, endNs, timerWheel } = observation;
    return compareFrames(observation.frames, simulated.frames, {
      endNs,
      isWheelKnown: timerWheel !== undefined,
      isParallel: (timeNs) => statementAt(statements, timeNs)?.do === "parallel",
      isMentionedPort: isKnownPort,
      isSettling: this.settling(statements),
    });
  }

  /** Bridges, while the carriers of their ports change. */
  private settling(statements: readonly ObservedStatement[]): (device: string, timeNs: number) => boolean {
    const bridges = [...this.plan.setUp()].flatMap((command) => (command.do === "bridge add" ? [command] : []));
    const names = new Set(bridges.map(({ netns, dev }) => `${netns}/${dev}`));
    const changes = statements.filter(({ statement }) => changesLinks(statement));
    return (device, timeNs) =>
      names.has(device) &&
      changes.some(({ startNs, endNs }) => timeNs > startNs - settlingSkewNs && timeNs < endNs + settlingSkewNs);
  }

  private verdict(frames: number, differences: readonly Difference[], notes: readonly string[]): ScenarioVerdict {
    const { scenario } = this;
    const statements = scenario.statements.filter((statement) => statement.do !== "expect").length;
    return { scenario, frames, statements, differences, notes };
  }

  private keep(network: RealNetwork, captures: Captures): ScenarioVerdict["kept"] {
    const folder = mkdtempSync(join(tmpdir(), "k8snet-captures-"));
    for (const [tap, bytes] of captures.files())
      writeFileSync(join(folder, `${tap.replace(/[^\w.-]+/g, ".")}.pcap`), bytes);
    return { namespaces: network.namespaces.map((netns) => network.names.of(netns)), captures: folder };
  }
}

const settlingSkewNs = 20_000_000;

function changesLinks(statement: Statement): boolean {
  if (statement.do !== "configure") return false;
  return statement.commands.some((command) => command.do === "link set");
}

/** What a traceroute has for an identifier, as process 1. */
const tracerouteIdentifier = 1;

/** Pings and queries of names without an identifier of their own get one here, so that both kernels see the same. */
function withIdentifiers(scenario: ScenarioPlan): ScenarioPlan {
  const taken = new Set(
    [...flatStatements(scenario.statements)].map((one) => (one.do === "ping" ? one.identifier : 0)),
  );
  let next = tracerouteIdentifier + 1;
  const free = () => {
    while (taken.has(next)) next++;
    return next++;
  };
  const identify = (statement: Statement): Statement => {
    switch (statement.do) {
      case "parallel":
        return { ...statement, statements: statement.statements.map(identify) };
      case "ping":
      case "dig":
        return statement.identifier === undefined ? { ...statement, identifier: free() } : statement;
      case "traceroute":
        return { ...statement, identifier: tracerouteIdentifier };
      case "udp":
      case "tcp":
      case "curl": {
        const { destination } = statement;
        if (typeof destination === "number" || destination.identifier !== undefined) return statement;
        return { ...statement, destination: { ...destination, identifier: free() } };
      }
      default:
        return statement;
    }
  };
  return { ...scenario, statements: scenario.statements.map(identify) };
}

function notesOn({ timerWheel, frames }: Observation, isKnownPort: (port: number) => boolean): readonly string[] {
  const hasUnknownPorts = frames.some(({ frame }) => portsOf(frame).some((port) => !isKnownPort(port)));
  return [
    ...(timerWheel === undefined
      ? ["when timers fire, to a slot of the timer wheel: this machine does not show its /proc/timer_list"]
      : []),
    ...(frames.some(({ device }) => device.endsWith("/lo"))
      ? ["what leaves by lo: libpcap shows it once, as it comes in there"]
      : []),
    ...(hasUnknownPorts ? ["ports that the kernel drew and could not be read back: both are shown as *"] : []),
  ];
}

/** The ports of a TCP segment or UDP datagram. */
function portsOf({ payload }: EthernetFrame): readonly number[] {
  const transport = payload.kind === "ipv4" ? transportOf(payload) : undefined;
  return transport?.kind === "tcp" || transport?.kind === "udp"
    ? [transport.sourcePort, transport.destinationPort]
    : [];
}

function choiceDifference({ statements }: Observation, choice: Refusal): Difference {
  return { kind: "choice", statement: statementAt(statements, choice.timeNs), choice };
}

function frameDifference({ statements }: Observation, frames: FrameDifference): Difference {
  return { kind: "frames", statement: statementAt(statements, frames.timeNs), frames };
}

function statementAt(statements: readonly ObservedStatement[], timeNs: number): Statement | undefined {
  // The simulated kernel is exact, a clock that is read is not.
  return statements.findLast(({ startNs }) => startNs <= timeNs + 1_000_000)?.statement;
}

function outputDifferences(observation: Observation, simulated: SimulatedRun): readonly Difference[] {
  return observation.statements.flatMap(({ programs }) =>
    programs.flatMap(({ statement, output }) => {
      const made = simulated.programs.find((one) => one.statement.source === statement.source);
      const [linux, ours] = [comparableOutput(output), comparableOutput(made?.output ?? "")];
      return linux.join("\n") === ours.join("\n") ? [] : [{ kind: "output", statement, linux, simulated: ours }];
    }),
  );
}
