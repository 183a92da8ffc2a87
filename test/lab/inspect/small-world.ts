import type { SourceRange } from "../../../src/base/source-range.ts";
import { deviceName } from "../../../src/lab/names.ts";
import { serverFor } from "../../../src/lab/programs.ts";
import { startProcess } from "../../../src/linux/process/run.ts";
import { makeWorld } from "../../../src/linux/register.ts";
import { SetUp } from "../../../src/linux/setup/apply.ts";
import { stage, stageNames } from "../../../src/linux/stage.ts";
import type { World } from "../../../src/linux/world.ts";
import type { SetUpCommand } from "../../../src/plan/commands.ts";
import { pingProgram } from "../../../src/programs/ping.ts";
import type { Program, ProgramResult } from "../../../src/programs/program.ts";
import { Lane } from "../../../src/sim/lane.ts";
import { parseIpv4, parsePrefix } from "../../../src/wire/address-text.ts";
import { parseMac } from "../../../src/wire/mac-address.ts";

/** The line of a file that does not exist. */
export function line(number: number): SourceRange {
  return { uri: "file:///lab.k8snet", line: number, column: 1, endLine: number, endColumn: 80 };
}

export function address(text: string): number {
  return parseIpv4(text)!;
}

export function prefix(text: string) {
  return parsePrefix(text)!;
}

/** node1 with cbr0, and two pods on it: the topology of the project's captures. */
export function* twoPods(): Generator<SetUpCommand> {
  yield { do: "node add", node: "node1", source: line(1) };
  yield { do: "netns add", netns: "node1", node: "node1", role: "node", source: line(1) };
  yield { do: "bridge add", netns: "node1", dev: "cbr0", mac: parseMac("02:00:0a:f4:00:01"), source: line(2) };
  yield { do: "link set", netns: "node1", dev: "lo", up: true, source: line(1) };
  yield { do: "addr add", netns: "node1", dev: "cbr0", prefix: prefix("10.244.0.1/24"), source: line(3) };
  yield { do: "link set", netns: "node1", dev: "cbr0", up: true, source: line(2) };
  yield { do: "sysctl", netns: "node1", key: "net.ipv4.ip_forward", value: 1, source: line(1) };
  yield* pod(1, "10.244.0.2");
  yield* pod(2, "10.244.0.3");
}

function* pod(number: number, ip: string): Generator<SetUpCommand> {
  const netns = `pod${number}`;
  const source = line(3 + number);
  const last = ip.slice(ip.lastIndexOf(".") + 1).padStart(2, "0");
  yield { do: "netns add", netns, node: "node1", role: "pod", source };
  yield {
    do: "veth add",
    netns,
    dev: "eth0",
    mac: parseMac(`02:00:0a:f4:00:${last}`),
    peerNetns: "node1",
    peerDev: `veth${number}`,
    peerMac: parseMac(`02:ee:0a:f4:00:${last}`),
    source,
  };
  yield { do: "link set", netns: "node1", dev: `veth${number}`, master: "cbr0", up: true, source };
  yield { do: "link set", netns, dev: "lo", up: true, source };
  yield { do: "addr add", netns, dev: "lo", prefix: prefix("127.0.0.1/8"), source };
  yield { do: "addr add", netns, dev: "eth0", prefix: prefix(`${ip}/24`), source };
  yield { do: "link set", netns, dev: "eth0", up: true, source };
  yield {
    do: "route add",
    netns,
    type: "unicast",
    destination: prefix("0.0.0.0/0"),
    via: address("10.244.0.1"),
    source,
  };
}

/** A world that a test drives by hand. What it is told to do happens in an event, so that it can be rewound. */
export class SmallWorld {
  readonly world: World;
  readonly setUp: SetUp;
  private readonly tasks: (() => void)[] = [];
  private readonly statements: Lane;

  constructor(commands: Iterable<SetUpCommand> = twoPods()) {
    this.world = makeWorld({ seed: 1, historyBytes: 1 << 24 });
    const { sim } = this.world;
    this.setUp = new SetUp(this.world, serverFor);
    this.statements = sim.addLane(new Lane(sim.log, "statements", 0, stage.statement));
    sim.on(stage.statement, (task) => this.tasks[task - 1]());
    for (const command of commands) this.apply(command);
    sim.begin();
  }

  /** Changes the network in an event of its own. */
  change(command: SetUpCommand): this {
    return this.schedule(() => this.apply(command));
  }

  /** Starts a program in an event of its own; answers how to read its result. */
  run(netns: string, program: Program<unknown>): () => ProgramResult | null {
    let process = 0;
    const born = (row: number) => {
      process = row;
    };
    this.schedule(() => startProcess(this.world, this.setUp.netns(netns), program, "shell", line(9), born));
    return () => this.world.processes.result.get(process);
  }

  ping(netns: string, to: string): () => ProgramResult | null {
    const spec = { destination: address(to), destinationText: to, count: 1, intervalNs: 1e9, sizeBytes: 56, ttl: 64 };
    const rest = { program: "ping", dontFragment: true, timeoutNs: 1e9, identifier: 101 } as const;
    return this.run(netns, pingProgram({ ...spec, ...rest }));
  }

  /** Stops before the next event of that stage, at that device if one is given. */
  runTo(stageName: string, device?: string): this {
    const { sim, packets } = this.world;
    const isThere = () => {
      const next = sim.next();
      if (next === undefined) throw new Error(`never came to ${stageName}`);
      if (stageNames[next.stage] !== stageName) return false;
      return device === undefined || deviceName(this.world, packets.device.get(next.walker)) === device;
    };
    while (!isThere()) sim.step();
    return this;
  }

  step(): this {
    this.world.sim.step();
    return this;
  }

  /** Takes every event before that time. */
  runUntil(untilNs: number): this {
    const { sim } = this.world;
    for (let next = sim.next(); next !== undefined && next.timeNs < untilNs; next = sim.next()) sim.step();
    return this;
  }

  private schedule(task: () => void): this {
    this.statements.push(this.tasks.push(task), this.world.nowNs);
    return this;
  }

  private apply(command: SetUpCommand): void {
    const failure = this.setUp.apply(command);
    if (failure !== undefined) throw new Error(failure);
  }
}
