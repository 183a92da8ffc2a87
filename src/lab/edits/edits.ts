import type { HookPosition } from "../../linux/netfilter/position.ts";
import type { World } from "../../linux/world.ts";
import { stepTargets } from "../step-targets.ts";
import { dropByHand } from "./drop-by-hand.ts";
import type { Edit, MadeEdit } from "./edit.ts";

/** Makes edits, and keeps which were made, in the order of the recording that they are part of. */
export class Edits {
  private readonly world: World;
  private readonly whyNone: string | undefined;
  private list: readonly MadeEdit[] = [];

  /** `whyNone`: refuses every edit with this reason. */
  constructor(world: World, whyNone?: string) {
    this.world = world;
    this.whyNone = whyNone;
  }

  /** All of the recording, also those that were gone back before and not yet forgotten. */
  get made(): readonly MadeEdit[] {
    return this.list;
  }

  /** Makes an edit where the world stands; what was recorded after is forgotten. Answers why it cannot, where it cannot. */
  apply(edit: Edit): string | undefined {
    const { position } = this.world.sim;
    const refusal = this.whyNone ?? this.make(edit);
    if (refusal !== undefined) return refusal;
    this.list = [...this.list.filter((one) => one.position <= position), { position, edit }];
    return undefined;
  }

  private make(edit: Edit): string | undefined {
    const packet = this.rowOf(edit.packet);
    if (packet === 0) return "There is no such packet in flight";
    switch (edit.do) {
      case "drop":
        return dropByHand(this.world, packet);
      case "choose":
        return chooseEndpoint(this.world, packet, edit.target);
    }
  }

  private rowOf(number: number): number {
    const { packets } = this.world;
    for (const row of packets.table.rows()) if (packets.number.get(row) === number) return row;
    return 0;
  }
}

function chooseEndpoint(world: World, packet: number, index: number): string | undefined {
  const { packets, sim } = world;
  const target = stepTargets(world, packet)[index];
  if (target?.kind !== "endpoint") return "no lots are drawn for it here";
  const at = packets.hookAt.get(packet) as HookPosition;
  sim.edit(() => packets.hookAt.set(packet, { ...at, chosen: target.rule }));
  return undefined;
}
