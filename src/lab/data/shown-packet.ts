import type { World } from "../../linux/world.ts";
import { layersOf } from "../inspect/layers.ts";
import type { ShownRow } from "../inspect/shown-row.ts";
import { packetText } from "../names.ts";

/** The id of a packet in flight, by its name: `packet:12.3`. */
export function packetId(world: World, packet: number): string {
  return `packet:${world.packets.origin.get(packet).name}`;
}

/** The row of the packet in flight with that id, or 0. `likely` is where it was when somebody last saw it, and so nearly always is. */
export function packetOfId(world: World, id: string, likely = 0): number {
  const { table } = world.packets;
  if (likely > 0 && table.has(likely) && packetId(world, likely) === id) return likely;
  for (const row of table.rows()) if (packetId(world, row) === id) return row;
  return 0;
}

/** Names the bytes of a packet, and its row: among ten thousand packets nobody has to look for it (`MemoryFacet`). */
export function packetMemory(world: World, packet: number): string {
  return `${packetId(world, packet)}/${packet}`;
}

/** A packet as a row whose fields are those of its headers; of a tunnelled packet, the outer ones. */
export function shownPacket(world: World, packet: number): ShownRow {
  const data = world.packets.data.get(packet);
  const fields: Record<string, string> = { mark: String(world.packets.mark.get(packet) >>> 0) };
  if (data !== null)
    for (const layer of layersOf(data)) for (const { name, text } of layer.fields) fields[name] ??= text;
  const text = data === null ? "" : packetText(data);
  const id = packetId(world, packet);
  const title = `#${world.packets.origin.get(packet).name}`;
  return {
    id,
    ancestors: [],
    kind: "row",
    icon: "mail",
    label: title,
    description: text,
    title,
    text,
    fields,
    source: undefined,
  };
}
