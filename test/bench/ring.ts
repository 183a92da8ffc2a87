import { build } from "../../src/lab/build.ts";
import { startProcess } from "../../src/linux/process/run.ts";
import type { World } from "../../src/linux/world.ts";
import type { SetUpCommand } from "../../src/plan/commands.ts";
import type { NetworkPlan } from "../../src/plan/plan.ts";
import type { Program, ProgramStep } from "../../src/programs/program.ts";
import type { Ipv4Address } from "../../src/wire/ipv4-address.ts";

const source = { uri: "bench", line: 1, column: 1, endLine: 1, endColumn: 1 };
export const echoPort = 9000;

/** Nodes of pods on a bridge each, wired as the high-level language wires them. */
export function clusterPlan(nodes: number, podsPerNode: number, isListening: boolean): NetworkPlan {
  return {
    uri: "bench",
    title: `${nodes} × ${podsPerNode} pods`,
    scenarios: [],
    places: [],
    *setUp(): Generator<SetUpCommand> {
      for (let node = 0; node < nodes; node++) yield* nodeCommands(node, podsPerNode, isListening);
    },
  };
}

function* nodeCommands(node: number, pods: number, isListening: boolean): Generator<SetUpCommand> {
  const name = `node${node}`;
  const base = nodeBase(node);
  yield { do: "node add", node: name, source };
  yield { do: "netns add", netns: name, node: name, role: "node", source };
  yield { do: "sysctl", netns: name, key: "net.ipv4.neigh.default.gc_thresh2", value: 8192, source };
  yield { do: "sysctl", netns: name, key: "net.ipv4.neigh.default.gc_thresh3", value: 16384, source };
  yield { do: "bridge add", netns: name, dev: "cbr0", source };
  yield { do: "addr add", netns: name, dev: "cbr0", prefix: { address: base + 1, length: 20 }, source };
  yield { do: "link set", netns: name, dev: "cbr0", up: true, source };
  for (let pod = 0; pod < pods; pod++) yield* podCommands(name, pod, base, isListening);
}

function nodeBase(node: number): Ipv4Address {
  return (0x0a00_0000 + node * 4096) >>> 0;
}

export function podAddress(node: number, pod: number): Ipv4Address {
  return nodeBase(node) + 2 + pod;
}

function* podCommands(node: string, pod: number, base: number, isListening: boolean): Generator<SetUpCommand> {
  const netns = `${node}/pod${pod}`;
  const veth = `veth${pod}`;
  yield { do: "netns add", netns, node, role: "pod", source };
  yield { do: "veth add", netns, dev: "eth0", peerNetns: node, peerDev: veth, source };
  yield { do: "link set", netns: node, dev: veth, master: "cbr0", up: true, source };
  yield { do: "link set", netns, dev: "lo", up: true, source };
  yield { do: "link set", netns, dev: "eth0", up: true, source };
  yield { do: "addr add", netns, dev: "eth0", prefix: { address: base + 2 + pod, length: 20 }, source };
  const destination = { address: 0, length: 0 };
  yield { do: "route add", netns, type: "unicast", destination, via: base + 1, dev: "eth0", source };
  if (isListening)
    yield {
      do: "listen",
      netns,
      container: "echo",
      protocol: "udp",
      address: 0,
      port: echoPort,
      program: "echo",
      source,
    };
}

interface Count {
  readonly left: number;
}

/** Sends the next datagram when the last one is answered. */
function roundTrips(destination: Ipv4Address, count: number): Program<unknown> {
  const data = new Uint8Array(64);
  const send = { kind: "send", socket: 3, data } as const;
  const sendNext = (left: number): ProgramStep<unknown> => ({ state: { left }, effects: [send] });
  return {
    start: () => {
      const open = { kind: "open udp", socket: 3, remote: { address: destination, port: echoPort }, ttl: 64 } as const;
      return { state: { left: count }, effects: [open, send] };
    },
    handle: (state, input) => {
      const { left } = state as Count;
      return input.kind === "datagram" && left > 1 ? sendNext(left - 1) : { state, effects: [] };
    },
  };
}

/** A ring of pods on one bridge: each sends `count` datagrams to the next, which echoes them. All at once. */
export function buildRing(pods: number, count: number, historyBytes: number): World {
  const { world, setUp, problems } = build(clusterPlan(1, pods, true), { seed: 1, historyBytes });
  if (problems.length > 0) throw new Error(problems[0].message);
  world.sim.begin();
  for (let pod = 0; pod < pods; pod++) {
    const next = 0x0a00_0002 + ((pod + 1) % pods);
    startProcess(world, setUp.netns(`node0/pod${pod}`), roundTrips(next, count), "client", null);
  }
  return world;
}

/** Frames received by devices so far. */
export function frameHops(world: World): number {
  let hops = 0;
  for (const device of world.devices.table.rows()) hops += world.devices.rxPackets.get(device);
  return hops;
}
