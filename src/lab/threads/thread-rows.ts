import type { Origin, PacketData } from "../../linux/packets.ts";
import type { World } from "../../linux/world.ts";
import { packetText, placeName } from "../names.ts";
import type { ThreadRow } from "../protocol.ts";
import type { Walker } from "../walk.ts";

/** A row, and what it was made of. */
interface Made {
  readonly origin: Origin;
  readonly data: PacketData | null;
  readonly stage: number;
  readonly device: number;
  readonly row: ThreadRow;
}

/** Packets as threads. Clients ask for all of them at every stop, where few have moved: a row is made again only when it would differ. */
export class ThreadRows {
  private readonly world: World;
  /** By the packet's row. */
  private readonly made: (Made | undefined)[] = [];

  constructor(world: World) {
    this.world = world;
  }

  /** `#12.3 10.244.0.2 > 10.244.0.3: ICMP echo request … @ node1/cbr0`. */
  of(walker: Walker): ThreadRow {
    const { row, origin, data } = walker;
    if (row === 0) return threadRow(walker, "gone");
    const { packets } = this.world;
    const stage = packets.stage.get(row);
    const device = packets.device.get(row);
    const made = this.made[row];
    if (made?.origin === origin && made.data === data && made.stage === stage && made.device === device)
      return made.row;
    const fresh = threadRow(walker, `@ ${placeName(this.world, stage, device)}`);
    this.made[row] = { origin, data, stage, device, row: fresh };
    return fresh;
  }
}

function threadRow({ number, origin, data }: Walker, place: string): ThreadRow {
  return { id: number + 1, name: `#${origin.name} ${data === null ? "" : packetText(data)} ${place}` };
}
