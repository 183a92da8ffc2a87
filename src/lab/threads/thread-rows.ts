import type { Origin, PacketData } from "../../linux/packets.ts";
import type { World } from "../../linux/world.ts";
import { packetText, placeName } from "../names.ts";
import type { ThreadRow } from "../protocol.ts";
import type { Walker } from "../walk.ts";

/** A row, and what it was made of. */
interface Made {
  readonly isGone: boolean;
  readonly data: PacketData | null;
  readonly stage: number;
  readonly device: number;
  readonly row: ThreadRow;
}

/** Packets as threads. Clients ask for all of them at every stop, where few have moved: a row is made again only when it would differ. */
export class ThreadRows {
  private readonly world: World;
  private readonly made = new WeakMap<Origin, Made>();

  constructor(world: World) {
    this.world = world;
  }

  /** `#12.3 10.244.0.2 > 10.244.0.3: ICMP echo request … @ node1/cbr0`. */
  of({ row, number, origin, data }: Walker): ThreadRow {
    const { packets } = this.world;
    const isGone = row === 0;
    const stage = isGone ? 0 : packets.stage.get(row);
    const device = isGone ? 0 : packets.device.get(row);
    const made = this.made.get(origin);
    if (made?.data === data && made.isGone === isGone && made.stage === stage && made.device === device)
      return made.row;
    const text = data === null ? "" : packetText(data);
    const place = isGone ? "gone" : `@ ${placeName(this.world, stage, device)}`;
    const threadRow = { id: number + 1, name: `#${origin.name} ${text} ${place}` };
    this.made.set(origin, { isGone, data, stage, device, row: threadRow });
    return threadRow;
  }
}
