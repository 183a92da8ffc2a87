import type { Chance } from "./chance.ts";
import type { LabBridge, LabCable, LabEnd } from "./random-lab.ts";

/** What is wired to what, before anybody has an address. Segments are numbered: what a broadcast reaches has one number. */
export interface Topology {
  readonly namespaces: readonly string[];
  readonly bridges: readonly Device[];
  readonly cables: readonly (readonly [Device, Device])[];
  /** Devices that can have addresses, with their segments. */
  readonly stations: readonly (Device & { readonly segment: number })[];
}

export interface Device {
  readonly netns: string;
  readonly dev: string;
  /** The bridge that it is a port of. */
  readonly master?: string;
}

/** Namespaces are joined as they come, so that most of them hang together; bridges never form a loop. */
export function drawTopology(chance: Chance): Topology {
  return new Wiring(chance).draw();
}

class Wiring {
  private readonly chance: Chance;
  private readonly namespaces: string[] = [];
  private readonly bridges: Device[] = [];
  private readonly cables: [Device, Device][] = [];
  private readonly devices = new Map<string, number>();
  /** Of each bridge and each end of a cable; joined ones lead to the same number. */
  private readonly segments = new Map<string, number>();

  constructor(chance: Chance) {
    this.chance = chance;
  }

  draw(): Topology {
    const { chance } = this;
    const count = chance.weighted([
      [1, 1],
      [4, 2],
      [5, 3],
      [4, 4],
      [2, 5],
      [1, 6],
    ]);
    for (let i = 1; i <= count; i++) this.namespaces.push(`n${i}`);
    const bridges = chance.weighted([
      [3, 0],
      [5, 1],
      [3, 2],
      [1, 3],
    ]);
    for (let i = 0; i < bridges; i++) this.addBridge(chance.pick(this.namespaces));
    for (let i = 1; i < count; i++) this.join(this.namespaces[i], this.namespaces[chance.between(0, i - 1)]);
    const extra = chance.weighted([
      [5, 0],
      [3, 1],
      [1, 2],
    ]);
    for (let i = 0; i < extra; i++) this.join(chance.pick(this.namespaces), chance.pick(this.namespaces));
    const ends = this.cables.flat().filter(({ master }) => master === undefined);
    const stations = [...this.bridges, ...ends].map((device) => ({ ...device, segment: this.segmentOf(device) }));
    return { namespaces: this.namespaces, bridges: this.bridges, cables: this.cables, stations };
  }

  private addBridge(netns: string): void {
    const bridge = { netns, dev: `br${this.bridges.length}` };
    this.bridges.push(bridge);
    this.segments.set(key(bridge), this.segments.size);
  }

  private join(one: string, other: string): void {
    const ends: [Device, Device] = [this.end(one), this.end(other)];
    const [first, second] = ends.map((end) => this.segmentOf({ netns: end.netns, dev: end.master ?? end.dev }));
    const isLoop = first === second && ends.every(({ master }) => master !== undefined);
    if (isLoop) ends[1] = { netns: other, dev: ends[1].dev };
    this.cables.push(ends);
    for (const end of ends) this.segments.set(key(end), first);
    if (!isLoop)
      for (const [device, segment] of this.segments) if (segment === second) this.segments.set(device, first);
  }

  /** A new device, often the port of a bridge where there is one. */
  private end(netns: string): Device {
    const number = this.devices.get(netns) ?? 0;
    this.devices.set(netns, number + 1);
    const here = this.bridges.filter((bridge) => bridge.netns === netns);
    const dev = `e${number}`;
    const end: Device =
      here.length > 0 && this.chance.is(0.8) ? { netns, dev, master: this.chance.pick(here).dev } : { netns, dev };
    if (end.master === undefined) this.segments.set(key(end), this.segments.size + 1000);
    return end;
  }

  private segmentOf(device: Device): number {
    return this.segments.get(key(device)) ?? -1;
  }
}

function key({ netns, dev }: Device): string {
  return `${netns}/${dev}`;
}

export function cableOf(
  ends: readonly [Device, Device],
  options: (device: Device) => readonly string[],
): LabCable["ends"] {
  const [one, other] = ends.map(
    (device): LabEnd => ({
      netns: device.netns,
      dev: device.dev,
      options: [...options(device), ...(device.master === undefined ? [] : [`master ${device.master}`])],
    }),
  );
  return [one, other];
}

export function bridgesOf(
  topology: Topology,
  netns: string,
  lines: (device: Device) => readonly string[],
): readonly LabBridge[] {
  return topology.bridges
    .filter((bridge) => bridge.netns === netns)
    .map((bridge) => ({ name: bridge.dev, lines: lines(bridge) }));
}
