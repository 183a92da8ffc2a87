import { performance } from "node:perf_hooks";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { createSession, type K8snetDebugSession } from "../../src/debug/server.ts";
import { openLab } from "../../src/lab/lab.ts";
import type { NetworkPlan } from "../../src/plan/plan.ts";
import type { UdpSend } from "../../src/plan/statements.ts";
import { clusterPlan, echoPort, podAddress } from "./ring.ts";

const source = { uri: "bench", line: 1, column: 1, endLine: 1, endColumn: 1 };
const podsPerNode = 30;
const stepsMeasured = 50;

export interface ScaleFigures {
  readonly inFlight: number;
  /** From the request to pause to the stop, the list of threads and the stack that clients then ask for. */
  readonly pauseMs: number;
  readonly threadsSent: number;
  readonly stepOverMs: number;
  readonly stepIntoMs: number;
  readonly stepBackMs: number;
  /** What happens to other packets meanwhile. */
  readonly eventsPerStepInto: number;
}

/** A debug session over pods that all send at once, paused when so many packets are in flight. */
export async function pausedSession(senders: number): Promise<ScaleFigures> {
  const client = new Client(senders);
  await client.request("initialize", { adapterID: "k8snet" });
  const initialized = client.event("initialized");
  await client.request("launch", { program: "bench" });
  await initialized;
  await client.request("configurationDone");
  await client.untilInFlight(senders);
  const paused = await timed(async () => {
    const stop = client.event("stopped");
    await client.request("pause", { threadId: 1 });
    await stop;
    await client.look();
  });
  const { threads } = await client.look();
  const step = (command: string) => middleOf(stepsMeasured, () => client.step(command));
  const before = client.position;
  const stepIntoMs = await step("stepIn");
  const figures = {
    inFlight: client.inFlight,
    pauseMs: paused,
    threadsSent: threads.length,
    stepIntoMs,
    eventsPerStepInto: (client.position - before) / stepsMeasured,
    stepOverMs: await step("next"),
    stepBackMs: await step("stepBack"),
  };
  client.session.dispose();
  return figures;
}

/** What VS Code sends and waits for, without the wire in between. */
class Client {
  readonly session: K8snetDebugSession;
  private readonly answers = new Map<number, (body: unknown) => void>();
  private readonly events = new Map<string, (body: unknown) => void>();
  private readonly world: ReturnType<typeof openedLab>["world"];
  private seq = 1;
  private stoppedThread = 1;

  constructor(senders: number) {
    const lab = openedLab(senders);
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

  /** Until everybody knows its neighbour, which floods first, and so many packets are in flight. */
  async untilInFlight(packets: number): Promise<void> {
    const { sim, neighbours } = this.world;
    const isReady = () => neighbours.table.size >= packets * 2 && this.inFlight >= packets;
    while (!isReady() && sim.position < 20_000_000) await new Promise((next) => setImmediate(next));
    const warm = sim.position + packets * 100;
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
  async step(command: string): Promise<void> {
    const stop = this.event("stopped");
    await this.request(command, { threadId: this.stoppedThread });
    await stop;
    await this.look();
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

function openedLab(senders: number) {
  const opened = openLab(sendersPlan(senders));
  if ("problems" in opened) throw new Error(opened.problems[0].message);
  return opened.lab;
}

/** Every pod sends to the next one of its node, on and on. */
function sendersPlan(senders: number): NetworkPlan {
  const perNode = Math.min(podsPerNode, senders);
  const nodes = Math.ceil(senders / perNode);
  const statements = Array.from({ length: nodes * perNode }, (_, index): UdpSend => {
    const [node, pod] = [Math.floor(index / perNode), index % perNode];
    return {
      do: "udp",
      source,
      text: "udp",
      netns: `node${node}/pod${pod}`,
      destination: podAddress(node, (pod + 1) % perNode),
      destinationText: "the next",
      port: echoPort,
      count: 1_000_000,
      gapNs: 8_000,
      timeoutNs: 1e9,
      ttl: 64,
    };
  });
  const parallel = { do: "parallel", source, text: "parallel", statements } as const;
  const scenario = { name: "all at once", source, seed: 1, statements: [parallel] };
  return { ...clusterPlan(nodes, perNode, true), scenarios: [scenario] };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function middleOf(times: number, work: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < times; i++) took.push(await timed(work));
  return took.sort((a, b) => a - b)[times >> 1];
}
