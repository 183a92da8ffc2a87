import { dropReasonNames } from "../../../src/linux/drop-reason.ts";
import { makeOrigin } from "../../../src/linux/packets.ts";
import { makeWorld } from "../../../src/linux/register.ts";
import { SetUp } from "../../../src/linux/setup/apply.ts";
import { stage, stageNames } from "../../../src/linux/stage.ts";
import type { World } from "../../../src/linux/world.ts";
import type { SetUpCommand } from "../../../src/plan/commands.ts";
import { digest } from "../../../src/sim/digest.ts";
import type { Table } from "../../../src/sim/table.ts";
import { addTimer, type TimerColumn } from "../../../src/sim/timers.ts";
import { type EthernetFrame, ethernetFrame } from "../../../src/wire/ethernet.ts";
import { broadcastMac } from "../../../src/wire/mac-address.ts";

const source = { uri: "file:///segment.k8snet", line: 1, column: 1, endLine: 1, endColumn: 1 };

export interface StationOptions {
  readonly cableMetres?: number;
  readonly duplex?: "half" | "full";
}

export interface Seen {
  readonly timeNs: number;
  readonly stage: string;
  /** The number of the station where it happened. */
  readonly station: number;
  readonly packet: string;
  readonly dropReason?: string;
}

/** Stations 0, 1, 2, … on one hub, which send frames to everybody at times of the test's own choice. */
export class Segment {
  readonly world: World;
  readonly seen: Seen[] = [];
  private readonly setUp: SetUp;
  private readonly orders: Table;
  private readonly due: TimerColumn;
  private readonly give: ((row: number) => void)[] = [];

  constructor(stations: readonly StationOptions[], { seed = 1, bitRate = 10_000_000 } = {}) {
    this.world = makeWorld({ seed, historyBytes: 1 << 26 });
    this.setUp = new SetUp(this.world, () => {
      throw new Error("nobody listens here");
    });
    for (const command of commands(stations, bitRate)) this.setUp.apply(command);
    const { sim } = this.world;
    this.orders = sim.addTable("orders of the test");
    this.due = addTimer(this.orders, sim.log, sim.timers, "due", stage.statement);
    sim.on(stage.statement, (row) => this.give[row](row));
  }

  /** At this time the station's kernel hands a frame of so many bytes, without its frame check sequence, to the card. */
  send(station: number, atNs: number, bytes = 60): void {
    this.at(atNs, () => {
      const { packets, sim } = this.world;
      const frame = broadcast(station, bytes);
      const origin = makeOrigin(packets.nextName(), 0);
      sim.underWay.push(packets.make(this.netns(station), this.device(station), stage.hubQueue, frame, origin));
    });
  }

  /** At this time the station's interface is set up or down. */
  setUpOrDown(station: number, atNs: number, up: boolean): void {
    this.at(atNs, () => this.setUp.change({ do: "link set", netns: `s${station}`, dev: "eth0", up, source }));
  }

  /** Runs until nothing is left to happen, or up to this time. */
  run(untilNs = Number.POSITIVE_INFINITY): this {
    const { sim, packets, stations } = this.world;
    if (sim.position === 0) sim.begin();
    for (let next = sim.next(); next !== undefined && next.timeNs <= untilNs; next = sim.next()) {
      if (next.walker !== 0) {
        const reason = next.stage === stage.drop ? dropReasonNames[packets.dropReason.get(next.walker)] : undefined;
        this.seen.push({
          timeNs: next.timeNs,
          stage: stageNames[next.stage],
          station: stations.ofDevice(packets.device.get(next.walker)) - 1,
          packet: `#${packets.origin.get(next.walker).name}`,
          ...(reason !== undefined && { dropReason: reason }),
        });
      }
      sim.step();
    }
    return this;
  }

  /** When a stage happened at a station, in bit times of 10 Mbit/s. */
  bitTimes(stageName: string, station: number): readonly number[] {
    return this.at10Mbit((one) => one.stage === stageName && one.station === station);
  }

  count(stageName: string): number {
    return this.seen.filter((one) => one.stage === stageName).length;
  }

  drops(reason: string): readonly Seen[] {
    return this.seen.filter((one) => one.dropReason === reason);
  }

  digest(): string {
    return digest(this.world.sim);
  }

  private at10Mbit(wanted: (one: Seen) => boolean): readonly number[] {
    return this.seen.filter(wanted).map((one) => one.timeNs / 100);
  }

  private at(atNs: number, give: () => void): void {
    const row = this.orders.allocate();
    this.orders.link(row);
    this.give[row] = give;
    this.due.set(row, atNs);
  }

  private netns(station: number): number {
    return this.world.devices.netns.get(this.device(station));
  }

  private device(station: number): number {
    return this.world.stations.device.get(station + 1);
  }
}

/** To everybody, of an EtherType that nobody listens to. */
function broadcast(station: number, bytes: number): EthernetFrame {
  return ethernetFrame(broadcastMac, station + 1, {
    kind: "other",
    etherType: 0x88b5,
    bytes: new Uint8Array(bytes - 14),
  });
}

function* commands(stations: readonly StationOptions[], bitRate: number): Generator<SetUpCommand> {
  yield { do: "hub add", hub: "lan", bitRate, source };
  for (const [index, { cableMetres = 100, duplex = "half" }] of stations.entries()) {
    const netns = `s${index}`;
    yield { do: "node add", node: netns, source };
    yield { do: "netns add", netns, node: netns, role: "netns", source };
    yield { do: "station add", netns, dev: "eth0", hub: "lan", cableMetres, duplex, source };
    yield { do: "link set", netns, dev: "eth0", up: true, source };
  }
}
