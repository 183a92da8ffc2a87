import { routeOutput, sourceFor } from "../../../src/linux/ip/source.ts";
import { startProcess } from "../../../src/linux/process/run.ts";
import { stage } from "../../../src/linux/stage.ts";
import type { World } from "../../../src/linux/world.ts";
import { type PingState, pingProgram } from "../../../src/programs/ping.ts";
import type { Endpoint } from "../../../src/reach/model/endpoints.ts";
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

  /** Whether a ping is answered, and was seen where it was meant to go, with the addresses that it was sent with. */
  reaches(from: Endpoint, to: Endpoint): boolean {
    const { sim, processes, packets } = this.#world;
    sim.goTo(0);
    sim.forgetFuture();
    sim.step();
    const way = routeOutput(this.#world, from.netns, to.address);
    if (way.kind === "none" || way.kind === "refused") return false;
    const source = sourceFor(this.#world, way);
    let process = 0;
    sim.edit(() => {
      startProcess(this.#world, from.netns, ping(to.address), "ping", null, (born) => {
        process = born;
      });
    });
    const seen: boolean[] = [];
    sim.armed.fill(0);
    sim.armed[stage.icmpReceive] = 1;
    while (processes.exited.get(process) === 0 && sim.nowNs < longestNs) {
      const taken = sim.advanceAsking(100, ({ walker }) => {
        const ip = (packets.data.get(walker) as EthernetFrame).payload as Ipv4Packet;
        const isRequest = ip.payload.kind === "icmp-echo" && ip.payload.type === 8;
        const isAsSent =
          packets.netns.get(walker) === to.netns && ip.destination === to.address && ip.source === source;
        if (isRequest && ip.source !== 0x7f00_0001) seen.push(isAsSent);
        return false;
      });
      if (taken === 0) break;
    }
    const { received } = processes.state.get(process) as PingState;
    return received > 0 && seen.length > 0 && seen.every((one) => one);
  }
}

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
    timeoutNs: 5_000_000_000,
    identifier: 77,
  });
}
