import { connectionState } from "../../linux/conntrack/state.ts";
import { dropReasonOf } from "../../linux/drop.ts";
import type { PacketData } from "../../linux/packets.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import { packetId } from "../data/shown-packet.ts";
import { dropExplanation } from "../drop-text.ts";
import { packetText } from "../names.ts";
import type { Inspection } from "../protocol.ts";
import { connectionInspection } from "./connections.ts";
import { hex, octets } from "./fields.ts";
import { bytesOf, type Layer, layersOf, printable } from "./layers.ts";

/** The packet layer by layer, its bytes, and where it comes from. */
export function packetScope(world: World, packet: number, data: PacketData): readonly Inspection[] {
  const bytes = bytesOf(data);
  return [
    ...ownLayers(packet === 0 ? undefined : packetId(world, packet), layersOf(data)),
    { name: "bytes", value: `${bytes.length} bytes`, type: "bytes", children: () => hexLines(bytes) },
    ...(packet === 0 ? [] : walkInspections(world, packet)),
  ];
}

/** Inside a tunnel the names are those of the outer headers again; edits and data breakpoints know the outer ones. */
function ownLayers(id: string | undefined, layers: readonly Layer[]): readonly Inspection[] {
  const seen = new Set<string>();
  return layers.map((layer) => {
    const isNew = !seen.has(layer.name);
    seen.add(layer.name);
    return layerInspection(layer, true, isNew ? id : undefined);
  });
}

/** Fields inside a quoted packet have the names of the packet's own, so no expression reads them. */
function layerInspection(layer: Layer, isOwn: boolean, id?: string): Inspection {
  const { name, summary, fields, quoted } = layer;
  return {
    name,
    value: summary,
    type: "layer",
    childCount: fields.length + (quoted === undefined ? 0 : 1),
    children: () => [
      ...fields.map((field) => ({
        name: field.name,
        value: field.text,
        type: field.description,
        ...(isOwn && { evaluateName: field.name }),
        ...(id !== undefined && { data: () => `${id}#${field.name}` }),
      })),
      ...(quoted === undefined ? [] : [quotedInspection(quoted)]),
    ],
  };
}

function quotedInspection(layers: readonly Layer[]): Inspection {
  return {
    name: "quoted packet",
    value: layers.map((layer) => `${layer.name} ${layer.summary}`).join(" "),
    type: "layer",
    childCount: layers.length,
    children: () => layers.map((layer) => layerInspection(layer, false)),
  };
}

const bytesOfLine = 16;

/** Lines of sixteen octets, as `tcpdump -X` and hex editors show them. */
function hexLines(bytes: Uint8Array): readonly Inspection[] {
  const lines: Inspection[] = [];
  for (let at = 0; at < bytes.length; at += bytesOfLine) {
    const part = bytes.subarray(at, at + bytesOfLine);
    lines.push({ name: hex(at, 4), value: `${octets(part).padEnd(3 * bytesOfLine)} ${printable(part)}` });
  }
  return lines;
}

function walkInspections(world: World, packet: number): readonly Inspection[] {
  const { packets } = world;
  const origin = packets.origin.get(packet);
  const rows: Inspection[] = [{ name: "packet", value: `#${origin.name}` }];
  if (origin.causedBy !== undefined) {
    const cause = origin.causeData ? ` ${packetText(origin.causeData)}` : "";
    rows.push({ name: "caused by", value: `#${origin.causedBy}${cause}` });
  }
  const mark = packets.mark.get(packet) >>> 0;
  if (mark !== 0) rows.push({ name: "mark", value: `0x${mark.toString(16)}` });
  const connection = packets.connection.get(packet);
  if (connection !== 0) {
    const state = connectionState(world, packet);
    rows.push({ ...connectionInspection(world, connection), name: `connection (${state})` });
  }
  if (packets.stage.get(packet) === stage.drop) {
    const reason = dropReasonOf(world, packet);
    rows.push({ name: "drop reason", value: `${reason}: ${dropExplanation(world, packet)}` });
  }
  return rows;
}
