import type { World } from "../../linux/world.ts";
import { parseIpv4 } from "../../wire/address-text.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { parseMac } from "../../wire/mac-address.ts";
import { isKnownKind } from "../data/data-tables.ts";
import { packetId } from "../data/shown-packet.ts";
import { compileExpression } from "../expressions/compile.ts";
import { shownConnection } from "../inspect/connections.ts";
import { packetFields } from "../inspect/fields.ts";
import { devicesOf, findDeviceByPath, findNetns } from "../inspect/find.ts";
import { printSource, printTarget, protocolName } from "../inspect/print-connection.ts";
import { deviceName } from "../names.ts";

/**
 * The data that an expression reads, if it reads just one: `ip.ttl` of the packet at hand, `neigh("pod1", "10.244.1.9").state`,
 * or an id itself. Undefined for any other.
 */
export function dataOfExpression(world: World, expression: string, packet: number): string | undefined {
  const text = expression.trim();
  if (isKnownKind(text)) return text;
  const isField = text === "mark" || packetFields.some(({ name }) => name === text);
  if (isField) return packet === 0 ? undefined : `${packetId(world, packet)}#${text}`;
  if (compileExpression(text).kind === "error") return undefined;
  const call = /^(\w+)\s*\(((?:\s*"[^"\\]*"\s*,?)*)\)\s*(?:\.\s*(\w+))?$/.exec(text);
  if (call === null) return undefined;
  const [, name, list, field] = call;
  const words = [...list.matchAll(/"([^"\\]*)"/g)].map(([, word]) => word);
  const row = rows[name]?.(world, ...words);
  const known = fields[name]?.[field ?? ""];
  return row === undefined || known === undefined ? undefined : `${row}#${known}`;
}

/** What the functions call the fields of rows; `""` is the value of the call itself. */
const fields: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  neigh: { state: "state", mac: "lladdr" },
  fdb: { port: "dev" },
  sysctl: { "": "value" },
  conntrack: { state: "state", mark: "mark" },
};

const rows: Readonly<Record<string, (world: World, ...words: string[]) => string | undefined>> = {
  neigh: (world, netns, address) => neighbourRow(world, findNetns(world, netns), parseIpv4(address)),
  fdb: (world, path, mac) => {
    const bridge = findDeviceByPath(world, path);
    return bridge === 0 || parseMac(mac) === undefined ? undefined : `fdb:${deviceName(world, bridge)}/${mac}`;
  },
  sysctl: (world, netns, key) => {
    const row = findNetns(world, netns);
    return row === 0 ? undefined : `sysctl:${world.namespaces.name.get(row)}/${key}`;
  },
  conntrack: (world, netns, protocol, source, target) => {
    const found = world.conntrack.ofNetns(findNetns(world, netns)).findLast((row) => {
      const tuple = world.conntrack.original.get(row);
      const ends = [protocolName(tuple.protocol), printSource(tuple), printTarget(tuple)];
      return ends[0] === protocol && isEnd(ends[1], source) && isEnd(ends[2], target);
    });
    return found === undefined ? undefined : shownConnection(world, found).id;
  },
};

/** An endpoint may be asked for without its port. */
function isEnd(end: string, asked: string): boolean {
  return end === asked || end.startsWith(`${asked}:`);
}

/** The entry of an address, on the device that has it or that the route to it leads out of. */
function neighbourRow(world: World, netns: number, address: number | undefined): string | undefined {
  if (netns === 0 || address === undefined) return undefined;
  const { neighbours, routes } = world;
  const owner = [...devicesOf(world, netns)].find((device) => neighbours.find(device, address) !== 0);
  const device = owner ?? routes.device.get(routes.lookup(netns, address));
  if (device === 0) return undefined;
  return `arp:${deviceName(world, device)}/${formatIpv4(address)}`;
}
