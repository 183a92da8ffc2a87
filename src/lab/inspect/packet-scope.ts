import { connectionState } from "../../linux/conntrack/state.ts";
import { dropReasonOf } from "../../linux/drop.ts";
import type { PacketData } from "../../linux/packets.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import { packetId, packetMemory } from "../data/shown-packet.ts";
import { dropExplanation } from "../drop-text.ts";
import { packetText } from "../names.ts";
import type { Inspection } from "../protocol.ts";
import { connectionInspection } from "./connections.ts";
import { hex, octets } from "./fields.ts";
import { bytesOf, type Layer, layersOf, printable } from "./layers.ts";

/** The packet layer by layer, its bytes, and where it comes from. */
export function packetScope(world: World, packet: number, data: PacketData): readonly Inspection[] {
  const bytes = bytesOf(data);
  const id = packet === 0 ? undefined : packetId(world, packet);
  const memory = packet === 0 ? undefined : packetMemory(world, packet);
  return [
    ...ownLayers(id, layersOf(data), bytes, memory),
    bytesInspection(bytes, memory),
    ...(packet === 0 ? [] : walkInspections(world, packet)),
  ];
}

/** Inside a tunnel the names are those of the outer headers again; edits and data breakpoints know the outer ones. */
function ownLayers(
  id: string | undefined,
  layers: readonly Layer[],
  bytes: Uint8Array,
  whole: string | undefined,
): readonly Inspection[] {
  const seen = new Set<string>();
  let at = 0;
  return layers.map((layer) => {
    const isNew = !seen.has(layer.name);
    seen.add(layer.name);
    const start = at;
    at += headerBytes(layer);
    const own = bytes.subarray(start, at);
    const memory = whole === undefined ? undefined : `${whole}@${start}`;
    const plain = layerInspection(layer, true, isNew ? id : undefined);
    return {
      ...plain,
      ...(memory !== undefined && { memory }),
      childCount: (plain.childCount ?? 0) + 1,
      children: () => [...(plain.children?.() ?? []), bytesInspection(own, memory)],
    };
  });
}

const fixedHeaders: Readonly<Record<string, number>> = { "Ethernet II": 14, ARP: 28, UDP: 8, ICMP: 8, VXLAN: 8 };

/** As many bytes as a layer takes of the packet; of the last one, all that is left. */
function headerBytes({ name, fields }: Layer): number {
  const read = (field: string) => Number(fields.find((one) => one.name === field)?.value ?? 0);
  if (name === "IPv4") return read("ip.hdr_len");
  if (name === "TCP") return read("tcp.hdr_len") || 20;
  return fixedHeaders[name] ?? Number.MAX_SAFE_INTEGER;
}

/** Bytes that open up to lines, and as memory where somebody can ask for them. */
function bytesInspection(bytes: Uint8Array, memory: string | undefined): Inspection {
  return {
    name: "bytes",
    value: `${bytes.length} bytes`,
    type: "bytes",
    ...(memory !== undefined && { memory }),
    children: () => hexLines(bytes),
  };
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
