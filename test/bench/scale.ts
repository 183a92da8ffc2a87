import { performance } from "node:perf_hooks";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { createSession, type K8snetDebugSession } from "../../src/debug/server.ts";
import { openLab } from "../../src/lab/lab.ts";
import type { World } from "../../src/linux/world.ts";
import type { NetworkPlan } from "../../src/plan/plan.ts";
import type { UdpSend } from "../../src/plan/statements.ts";
import { clusterPlan, echoPort, podAddress } from "./ring.ts";

const source = { uri: "bench", line: 1, column: 1, endLine: 1, endColumn: 1 };
const podsPerNode = 30;
const stepsMeasured = 200;
/** Step Back comes last: what is then gone through again is no news to the twin. */
const commands = ["stepIn", "next", "stepBack"] as const;

/** In what way many packets are in flight. */
export interface Shape {
  readonly name: string;
  plan(packets: number): NetworkPlan;
  isReady(world: World, packets: number): boolean;
}

/** Every pod sends to the next one of its node, all at the same moments: between two events of a packet lie those of all others. */
export const inLockstep: Shape = {
  name: "in lockstep",
  plan: sendersPlan,
  isReady: ({ neighbours, packets }, wanted) => neighbours.table.size >= wanted * 2 && packets.table.size >= wanted,
};

/** All but those of two pods wait for the address of a neighbour that is not there. */
export const waiting: Shape = {
  name: "that wait",
  plan: waitersPlan,
  isReady: ({ packets, sim }, wanted) => packets.table.size >= wanted && sim.nowNs > 1e6,
};

export interface StepFigures {
  /** From the request to the stop. */
  readonly ms: number;
  /** From the stop to the last answer of what clients then ask for: the list of threads, the stack, its scopes. */
  readonly lookMs: number;
  /** Of all packets. */
  readonly events: number;
  /** What these events take where nobody looks, in milliseconds. */
  readonly simulationMs: number;
}

export interface ScaleFigures {
  readonly inFlight: number;
  /** From the request to pause to the stop, the list of threads and the stack that clients then ask for. */
  readonly pauseMs: number;
  readonly threadsSent: number;
  readonly steps: Readonly<Record<(typeof commands)[number], StepFigures>>;
}

/** Debug sessions, one with so many packets in flight each, that step in turn, so that what else the machine does meets all alike. */
export async function pausedSessions(shape: Shape, sizes: readonly number[]): Promise<readonly ScaleFigures[]> {
  const sessions: PausedSession[] = [];
  for (const packets of sizes) sessions.push(await PausedSession.open(shape, packets));
  for (const command of commands)
    for (let i = 0; i < stepsMeasured; i++)
      for (const session of sessions) await (command === "stepBack" ? session.stepBack() : session.step(command));
  return sessions.map((one) => one.end());
}

/** A session that stands still, and a twin of its lab that goes through the same events while nobody looks. */
class PausedSession {
  private readonly client: Client;
  private readonly twin: World["sim"];
  private readonly taken = { stepIn: [], next: [], stepBack: [] } as Record<string, StepFigures[]>;
  private readonly paused: Pick<ScaleFigures, "inFlight" | "pauseMs" | "threadsSent">;

  private constructor(client: Client, twin: World["sim"], paused: PausedSession["paused"]) {
    this.client = client;
    this.twin = twin;
    this.paused = paused;
  }

  static async open(shape: Shape, packets: number): Promise<PausedSession> {
    const plan = shape.plan(packets);
    const client = new Client(plan);
    await client.request("initialize", { adapterID: "k8snet" });
    const initialized = client.event("initialized");
    await client.request("launch", { program: "bench" });
    await initialized;
    await client.request("configurationDone");
    await client.untilReady((world) => shape.isReady(world, packets));
    const pauseMs = await timed(async () => {
      const stop = client.event("stopped");
      await client.request("pause", { threadId: 1 });
      await stop;
      await client.look();
    });
    const { threads } = await client.look();
    const twin = openedLab(plan).world.sim;
    while (twin.position < client.position) twin.advance(client.position - twin.position);
    return new PausedSession(client, twin, { inFlight: client.inFlight, pauseMs, threadsSent: threads.length });
  }

  async step(command: "stepIn" | "next"): Promise<void> {
    const before = this.client.position;
    const times = await this.client.step(command);
    const events = this.client.position - before;
    const start = performance.now();
    this.twin.advance(events);
    this.taken[command].push({ ...times, events, simulationMs: performance.now() - start });
  }

  /** From one event of the packet to the one before, and not on to where the packet began. */
  async stepBack(): Promise<void> {
    await this.client.step("stepIn");
    const before = this.client.position;
    const times = await this.client.step("stepBack");
    this.taken.stepBack.push({ ...times, events: before - this.client.position, simulationMs: 0 });
  }

  end(): ScaleFigures {
    this.client.session.dispose();
    const steps = Object.fromEntries(commands.map((one) => [one, middleStep(this.taken[one])]));
    return { ...this.paused, steps: steps as ScaleFigures["steps"] };
  }
}

function middleStep(steps: readonly StepFigures[]): StepFigures {
  const middle = (of: (one: StepFigures) => number) => steps.map(of).sort((a, b) => a - b)[steps.length >> 1];
  return {
    ms: middle((one) => one.ms),
    lookMs: middle((one) => one.lookMs),
    events: middle((one) => one.events),
    simulationMs: middle((one) => one.simulationMs),
  };
}

/** What VS Code sends and waits for, without the wire in between. */
class Client {
  readonly session: K8snetDebugSession;
  private readonly answers = new Map<number, (body: unknown) => void>();
  private readonly events = new Map<string, (body: unknown) => void>();
  private readonly world: World;
  private seq = 1;
  private stoppedThread = 1;

  constructor(plan: NetworkPlan) {
    const lab = openedLab(plan);
    this.world = lab.world;
    this.session = createSession({
      openLab: () => ({ kind: "opened", lab, diagnostics: [] }),
      readImport: async () => ({ problem: "nothing is imported" }),
      readFile: async () => "",
      readBytes: async () => new Uint8Array(0),
      toUri: (path) => path,
      toClientPath: (uri) => uri,
      now: () => performance.now(),
      yieldToMessages: () => new Promise((next) => setImmediate(next)),
    });
    this.session.onDidSendMessage((message) => this.take(message as DebugProtocol.ProtocolMessage));
  }

  get inFlight(): number {
    return this.world.packets.table.size;
  }

  get position(): number {
    return this.world.sim.position;
  }

  request<Body>(command: string, args: object = {}): Promise<Body> {
    const seq = this.seq++;
    const answer = new Promise<Body>((resolve) => this.answers.set(seq, resolve as (body: unknown) => void));
    this.session.handleMessage({ type: "request", seq, command, arguments: args } as DebugProtocol.Request);
    return answer;
  }

  event(name: string): Promise<unknown> {
    return new Promise((resolve) => this.events.set(name, resolve));
  }

  /** And for some time more, so that what the beginning floods is over. */
  async untilReady(isReady: (world: World) => boolean): Promise<void> {
    const { sim, packets } = this.world;
    while (!isReady(this.world) && sim.position < 20_000_000) await new Promise((next) => setImmediate(next));
    const warm = sim.position + packets.table.size * 100;
    while (sim.position < warm) await new Promise((next) => setImmediate(next));
  }

  /** What a client asks at every stop. */
  async look(): Promise<DebugProtocol.ThreadsResponse["body"]> {
    const answer = await this.request<DebugProtocol.ThreadsResponse["body"]>("threads");
    const threadId = this.stoppedThread;
    const stack = await this.request<DebugProtocol.StackTraceResponse["body"]>("stackTrace", { threadId, levels: 20 });
    await this.request("scopes", { frameId: stack.stackFrames[0]?.id });
    return answer;
  }

  /** Of the packet that stopped last. */
  async step(command: string): Promise<Pick<StepFigures, "ms" | "lookMs">> {
    const ms = await timed(async () => {
      const stop = this.event("stopped");
      await this.request(command, { threadId: this.stoppedThread });
      await stop;
    });
    return { ms, lookMs: await timed(() => this.look()) };
  }

  private take(message: DebugProtocol.ProtocolMessage): void {
    if (message.type === "event") {
      const { event, body } = message as DebugProtocol.Event;
      if (event === "stopped") this.stoppedThread = body.threadId;
      this.events.get(event)?.(body);
      this.events.delete(event);
      return;
    }
    const { request_seq: seq, body, success, message: text } = message as DebugProtocol.Response;
    if (!success) throw new Error(text);
    this.answers.get(seq)?.(body);
  }
}

function openedLab(plan: NetworkPlan) {
  const opened = openLab(plan);
  if ("problems" in opened) throw new Error(opened.problems[0].message);
  return opened.lab;
}

function sendersPlan(senders: number): NetworkPlan {
  const perNode = Math.min(podsPerNode, senders);
  const nodes = Math.ceil(senders / perNode);
  const statements = Array.from({ length: nodes * perNode }, (_, index) => {
    const [node, pod] = [Math.floor(index / perNode), index % perNode];
    return datagrams(node, pod, (pod + 1) % perNode, 1_000_000);
  });
  return together(nodes, perNode, statements);
}

function waitersPlan(packets: number): NetworkPlan {
  const perNode = Math.min(podsPerNode, packets);
  const nodes = Math.ceil(packets / perNode);
  const absent = 4000;
  const waiters = Array.from({ length: packets - 1 }, (_, index) => {
    return datagrams(Math.floor((index + 1) / perNode), (index + 1) % perNode, absent, 1);
  });
  return together(nodes, perNode, [datagrams(0, 0, 1, 1_000_000), ...waiters]);
}

/** From one pod of a node to another. */
function datagrams(node: number, from: number, to: number, count: number): UdpSend {
  return {
    do: "udp",
    source,
    text: "udp",
    netns: `node${node}/pod${from}`,
    destination: podAddress(node, to),
    destinationText: "another",
    port: echoPort,
    count,
    gapNs: 8_000,
    timeoutNs: 1e9,
    ttl: 64,
  };
}

function together(nodes: number, perNode: number, statements: readonly UdpSend[]): NetworkPlan {
  const parallel = { do: "parallel", source, text: "parallel", statements } as const;
  const scenario = { name: "all at once", source, seed: 1, statements: [parallel] };
  return { ...clusterPlan(nodes, perNode, true), scenarios: [scenario] };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
