import { findDevice } from "../../linux/socket/arp-socket.ts";
import type { World } from "../../linux/world.ts";

/** Namespaces by name as they were at one moment, since large worlds have too many to search at every question. */
interface KnownNames {
  readonly rows: ReadonlyMap<string, number>;
  readonly position: number;
  readonly size: number;
}

const known = new WeakMap<World, KnownNames>();

/** The node of that name, or 0. */
export function findNode(world: World, name: string): number {
  const { nodes } = world;
  for (const row of nodes.table.rows()) if (nodes.name.get(row) === name) return row;
  return 0;
}

/** The hub of that name, or 0. */
export function findHub(world: World, name: string): number {
  const { hubs } = world;
  for (const row of hubs.table.rows()) if (hubs.name.get(row) === name) return row;
  return 0;
}

/** The network namespace of that name, `pod1` or `node1/pod1`; 0 when there is none. */
export function findNetns(world: World, path: string): number {
  const row = findByName(world, path);
  if (row !== 0) return row;
  const slash = path.indexOf("/");
  if (slash < 0) return 0;
  const inNode = findByName(world, path.slice(slash + 1));
  const { namespaces, nodes } = world;
  return inNode !== 0 && nodes.name.get(namespaces.node.get(inNode)) === path.slice(0, slash) ? inNode : 0;
}

/** The device of that name, `pod1/eth0` or `node1/pod1/eth0`; 0 when there is none. */
export function findDeviceByPath(world: World, path: string): number {
  const slash = path.lastIndexOf("/");
  const netns = findNetns(world, path.slice(0, Math.max(0, slash)));
  return netns === 0 ? 0 : findDevice(world, netns, path.slice(slash + 1));
}

/** The devices of a namespace, oldest first. */
export function* devicesOf(world: World, netns: number): Generator<number> {
  const { namespaces, devices } = world;
  for (let device = namespaces.firstDevice.get(netns); device !== 0; device = devices.nextInNetns.get(device))
    yield device;
}

/** The ports of a bridge, oldest first. */
export function* portsOf(world: World, bridge: number): Generator<number> {
  const { devices } = world;
  for (let port = devices.firstPort.get(bridge); port !== 0; port = devices.nextPort.get(port)) yield port;
}

/** A row that was found before is right only if it is still there and still has the name. */
function findByName(world: World, name: string): number {
  const { table, name: names } = world.namespaces;
  const cached = known.get(world);
  const row = cached?.rows.get(name);
  if (row !== undefined && table.has(row) && names.get(row) === name) return row;
  const { position } = world.sim;
  if (cached?.position === position && cached.size === table.size) return 0;
  const rows = new Map<string, number>();
  for (const one of table.rows()) rows.set(names.get(one), one);
  known.set(world, { rows, position, size: table.size });
  return rows.get(name) ?? 0;
}
