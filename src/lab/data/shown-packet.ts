import type { World } from "../../linux/world.ts";
import { layersOf } from "../inspect/layers.ts";
import type { ShownRow } from "../inspect/shown-row.ts";
import { packetText } from "../names.ts";

/** The id of a packet in flight, by its name: `packet:12.3`. */
export function packetId(world: World, packet: number): string {
  return `packet:${world.packets.origin.get(packet).name}`;
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
