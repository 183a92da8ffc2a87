import { dropReasonOf } from "../linux/drop.ts";
import { stage, stageNames, tapStages } from "../linux/stage.ts";
import type { World } from "../linux/world.ts";
import type { NextEvent } from "../sim/simulation.ts";
import type { EthernetFrame } from "../wire/ethernet.ts";
import { dropExplanation } from "./drop-text.ts";
import { deviceName, packetText, placeName } from "./names.ts";

/** One event as a trace shows it, looked at just before it is taken. Its fields are made when asked for. */
export class EventView {
  readonly index: number;
  readonly timeNs: number;
  private readonly world: World;
  private readonly event: NextEvent;

  constructor(world: World, event: NextEvent) {
    this.world = world;
    this.event = event;
    this.index = world.sim.position;
    this.timeNs = event.timeNs;
  }

  get stageNumber(): number {
    return this.event.stage;
  }

  /** The row of the packet, 0 for an event that is nobody's walk. */
  get packetRow(): number {
    return this.event.walker;
  }

  /** `bridge.flood`. */
  get stage(): string {
    return stageNames[this.event.stage];
  }

  /** `#12.3`, or undefined for an event that is nobody's walk. */
  get packet(): string | undefined {
    return this.isWalk ? `#${this.world.packets.origin.get(this.event.walker).name}` : undefined;
  }

  /** `node1/cbr0` or `pod1`. */
  get place(): string | undefined {
    if (!this.isWalk) return undefined;
    return placeName(this.world, this.event.stage, this.world.packets.device.get(this.event.walker));
  }

  /** What the packet carries. */
  get text(): string | undefined {
    const data = this.isWalk ? this.world.packets.data.get(this.event.walker) : null;
    return data === null ? undefined : packetText(data);
  }

  /** Why the packet is dropped, where this event drops it. */
  get dropReason(): string | undefined {
    if (this.event.stage !== stage.drop) return undefined;
    const reason = dropReasonOf(this.world, this.event.walker);
    return `${reason}: ${dropExplanation(this.world, this.event.walker)}`;
  }

  /** The frame that passes a device's tap in this event, as a capture would see it. */
  get frame(): TappedFrame | undefined {
    const direction = tapStages.get(this.event.stage);
    if (direction === undefined) return undefined;
    const { packets } = this.world;
    const device = packets.device.get(this.event.walker);
    // What a device without a carrier is given is lost before any tap sees it (net/sched/sch_generic.c, `noop_qdisc`).
    if (direction === "out" && !this.world.devices.isRunning(device)) return undefined;
    return {
      device: deviceName(this.world, device),
      direction,
      frame: packets.data.get(this.event.walker) as EthernetFrame,
      timeNs: this.timeNs,
    };
  }

  private get isWalk(): boolean {
    return this.event.walker !== 0;
  }
}

export interface TappedFrame {
  /** `pod1/eth0`. */
  readonly device: string;
  readonly direction: "in" | "out";
  readonly frame: EthernetFrame;
  readonly timeNs: number;
}
