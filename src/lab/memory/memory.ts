import type { World } from "../../linux/world.ts";
import { packetOfId } from "../data/shown-packet.ts";
import type { HandFacet } from "../edits/api.ts";
import { bytesOf } from "../inspect/layers.ts";
import type { MemoryFacet } from "./api.ts";

/** See `MemoryFacet`. */
export class Memory implements MemoryFacet {
  private readonly world: World;
  private readonly hand: HandFacet;

  constructor(world: World, hand: HandFacet) {
    this.world = world;
    this.hand = hand;
  }

  read(reference: string): Uint8Array | undefined {
    const { row, base } = this.find(reference);
    const data = row === 0 ? null : this.world.packets.data.get(row);
    return data === null ? undefined : bytesOf(data).subarray(base);
  }

  write(reference: string, offset: number, bytes: Uint8Array): string | undefined {
    const { row, base } = this.find(reference);
    const data = row === 0 ? null : this.world.packets.data.get(row);
    if (data === null) return "The packet is no longer there";
    const whole = bytesOf(data).slice();
    const at = base + offset;
    if (at < 0 || at + bytes.length > whole.length) return `It has ${whole.length} bytes: its length cannot be changed`;
    whole.set(bytes, at);
    return this.hand.apply({ do: "bytes", packet: this.world.packets.number.get(row), bytes: hexOf(whole) });
  }

  private find(reference: string): { readonly row: number; readonly base: number } {
    const [, id = "", row = "0", base = "0"] = /^(packet:[\d.]+)(?:\/(\d+))?(?:@(\d+))?$/.exec(reference) ?? [];
    return { row: packetOfId(this.world, id, Number(row)), base: Number(base) };
  }
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
