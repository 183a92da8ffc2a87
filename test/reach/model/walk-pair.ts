import { routeOutput, sourceFor } from "../../../src/linux/ip/source.ts";
import { startProcess } from "../../../src/linux/process/run.ts";
import { stage } from "../../../src/linux/stage.ts";
import type { World } from "../../../src/linux/world.ts";
import { echoServer } from "../../../src/programs/echo-server.ts";
import { type PingState, pingProgram } from "../../../src/programs/ping.ts";
import { type TcpClientState, tcpClient } from "../../../src/programs/tcp-client.ts";
import { type UdpClientState, udpClient } from "../../../src/programs/udp-client.ts";
import type { Endpoint } from "../../../src/reach/model/endpoints.ts";
import { anyPort, type Protocol } from "../../../src/reach/model/pair.ts";
import type { EthernetFrame } from "../../../src/wire/ethernet.ts";
import type { Ipv4Packet } from "../../../src/wire/ipv4.ts";

/** A ping that nobody answers has given up by then. */
const longestNs = 10_000_000_000;

/** Sends real packets of the simulated kernel between pairs, each time from the same beginning. */
export class PairWalks {
  readonly #world: World;

  /** The world as its set-up left it. */
  constructor(world: World) {
    this.#world = world;
    const [first] = world.namespaces.table.rows();
    // Something to go back before: the beginning itself cannot be taken back.
    startProcess(world, first, ping(0x7f00_0001), "first", null);
    world.sim.begin();
  }

  /** Whether an answer comes, and what was sent was seen where it was meant to go, with the addresses that it was sent with. */
  reaches(from: Endpoint, to: Endpoint, protocol: Protocol): boolean {
    const { sim, processes, packets } = this.#world;
    sim.goTo(0);
    sim.forgetFuture();
    sim.step();
    const way = routeOutput(this.#world, from.netns, to.address);
    if (way.kind === "none" || way.kind === "refused") return false;
    const source = sourceFor(this.#world, way);
    const { client, isAnswered, received } = clients[protocol];
    let process = 0;
    sim.edit(() => {
      if (protocol !== "icmp") {
        // Bound, so that it answers by the address that it was asked by (a datagram from 0.0.0.0 leaves with the one of its route).
        const server = echoServer(protocol, { address: to.address, port: anyPort });
        startProcess(this.#world, to.netns, server, "server", null);
      }
      startProcess(this.#world, from.netns, client(to.address), "client", null, (born) => {
        process = born;
      });
    });
    const seen: boolean[] = [];
    sim.armed.fill(0);
    sim.armed[received] = 1;
    while (processes.exited.get(process) === 0 && sim.nowNs < longestNs) {
      const taken = sim.advanceAsking(100, ({ walker }) => {
        const ip = (packets.data.get(walker) as EthernetFrame).payload as Ipv4Packet;
        const isAsSent =
          packets.netns.get(walker) === to.netns && ip.destination === to.address && ip.source === source;
        if (isRequest(ip) && ip.source !== 0x7f00_0001) seen.push(isAsSent);
        return false;
      });
      if (taken === 0) break;
    }
    return isAnswered(processes.state.get(process)) && seen.length > 0 && seen.every((one) => one);
  }
}

function isRequest({ payload }: Ipv4Packet): boolean {
  if (payload.kind === "icmp-echo") return payload.type === 8;
  return (payload.kind === "tcp" || payload.kind === "udp") && payload.destinationPort === anyPort;
}

interface Client {
  client(destination: number): Parameters<typeof startProcess>[2];
  isAnswered(state: unknown): boolean;
  /** Where what it sends is seen. */
  readonly received: number;
}

const timeoutNs = 5_000_000_000;

const clients: Readonly<Record<Protocol, Client>> = {
  icmp: {
    client: ping,
    isAnswered: (state) => (state as PingState).received > 0,
    received: stage.icmpReceive,
  },
  tcp: {
    client: (destination) =>
      tcpClient({ program: "tcp", destination, port: anyPort, payload: "hello", timeoutNs, ttl: 64 }),
    isAnswered: (state) => (state as TcpClientState).answer.length > 0,
    received: stage.tcpReceive,
  },
  udp: {
    client: (destination) =>
      udpClient({ program: "udp", destination, port: anyPort, count: 1, gapNs: 0, timeoutNs, ttl: 64 }),
    isAnswered: (state) => (state as UdpClientState).reply !== undefined,
    received: stage.udpReceive,
  },
};

function ping(destination: number) {
  return pingProgram({
    program: "ping",
    destination,
    destinationText: "",
    count: 1,
    intervalNs: 1_000_000_000,
    sizeBytes: 56,
    ttl: 64,
    dontFragment: true,
    timeoutNs,
    identifier: 77,
  });
}
