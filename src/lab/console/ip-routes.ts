import { mainTable, routeType } from "../../linux/routes.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4, formatPrefix, type Ipv4Prefix, netmask } from "../../wire/ipv4-address.ts";
import { devicesOf } from "../inspect/find.ts";
import { printRoute, routeTypeName } from "../inspect/print.ts";
import { Complaint, type Invocation, needNetns, type Outcome, printed, printedJson } from "./command.ts";
import type { IpOptions } from "./ip.ts";
import { deviceNamed } from "./ip-neighbours.ts";
import { ownAddresses } from "./own-addresses.ts";
import type { WordCursor } from "./word-cursor.ts";

const localTable = 255;
const tableNumbers: Readonly<Record<string, number>> = { local: localTable, main: mainTable, default: 253 };

/** A route as `ip route` prints it; those of table local follow from the addresses. */
interface ShownRoute {
  readonly table: number;
  readonly device: number;
  readonly destination: Ipv4Prefix;
  /** Without the table. */
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** `ip [-j] route [show] [table TABLE|all] [dev DEVICE] [[exact] BLOCK]`. */
export function showRoutes(invocation: Invocation, words: WordCursor, options: IpOptions): Outcome {
  const { world } = invocation;
  const netns = needNetns(invocation, "ip -n pod1 route");
  const filter = readFilter(world, netns, words);
  const rows = routesOf(world, netns)
    .filter(({ table }) => filter.table === "all" || table === filter.table)
    .filter(({ device }) => filter.device === 0 || device === filter.device)
    .filter(({ destination }) => filter.destination === undefined || isEqual(destination, filter.destination));
  const isUnknown = filter.table !== "all" && filter.table < 253 && rows.length === 0;
  if (isUnknown) throw new Complaint("Error: ipv4: FIB table does not exist.\nDump terminated");
  const isAll = filter.table === "all";
  if (options.json) {
    return printedJson(
      rows.map((row) => {
        const { dev, ...rest } = row.json;
        return filter.device === 0 ? withTable(row, isAll) : rest;
      }),
    );
  }
  return printed(
    rows.map((row) => {
      const text = isAll && row.table !== mainTable ? textWithTable(row) : row.text;
      return `${filter.device === 0 ? text : text.replace(/ dev \S+/, "")} `;
    }),
  );
}

function readFilter(world: World, netns: number, words: WordCursor) {
  let table: number | "all" = mainTable;
  let device = 0;
  let destination: Ipv4Prefix | undefined;
  while (!words.done) {
    if (words.takeIf("table")) {
      const word = words.take("the routing table");
      table = word === "all" ? "all" : (tableNumbers[word] ?? Number(word));
      if (table !== "all" && !Number.isInteger(table))
        throw new Complaint(`Error: argument "${word}" is wrong: table id value is invalid\n`);
    } else if (words.takeIf("dev")) device = deviceNamed(world, netns, words.take("the device"));
    else {
      words.takeIf("to", "exact");
      destination = words.prefix();
    }
  }
  return { table, device, destination };
}

function isEqual(one: Ipv4Prefix, other: Ipv4Prefix): boolean {
  return one.address === other.address && one.length === other.length;
}

/** The kernel keeps tables in 256 lists by number, and shows these one after the other. */
function routesOf(world: World, netns: number): readonly ShownRoute[] {
  const others = world.routes.ofNetns(netns).map((row) => ofTable(world, row));
  return [...others, ...localRoutes(world, netns)].sort((a, b) => (a.table & 255) - (b.table & 255));
}

function ofTable(world: World, row: number): ShownRoute {
  const { routes, devices } = world;
  const device = routes.device.get(row);
  const gateway = routes.gateway.get(row);
  const source = routes.preferredSource.get(row);
  const metric = routes.metric.get(row);
  const length = routes.prefixLength.get(row);
  const type = routes.type.get(row);
  const destination = { address: routes.network.get(row), length };
  const isDead = device !== 0 && devices.up.get(device) === 1 && !devices.isRunning(device);
  const text = printRoute(world, row).replace(/ table \d+/, "");
  const dst = length === 0 ? "default" : length === 32 ? formatIpv4(destination.address) : formatPrefix(destination);
  return {
    table: routes.tableOf(row),
    device,
    destination,
    text: isDead ? `${text} linkdown` : text,
    json: {
      ...(type !== routeType.unicast && { type: routeTypeName(type) }),
      dst,
      ...(gateway !== 0 && { gateway: formatIpv4(gateway) }),
      ...(device !== 0 && { dev: devices.name.get(device) }),
      ...(routes.isConnected.get(row) === 1 && { protocol: "kernel" }),
      ...(gateway === 0 && device !== 0 && { scope: "link" }),
      ...(source !== 0 && { prefsrc: formatIpv4(source) }),
      ...(metric !== 0 && { metric }),
      flags: isDead ? ["linkdown"] : [],
    },
  };
}

/** `fib_add_ifaddr` (net/ipv4/fib_frontend.c): each address of a device that is up, and the broadcast address of its network. */
function localRoutes(world: World, netns: number): readonly ShownRoute[] {
  const { devices, namespaces } = world;
  const shown: ShownRoute[] = [];
  for (const device of devicesOf(world, netns)) {
    if (devices.up.get(device) === 0) continue;
    const isLoopback = device === namespaces.loopback.get(netns);
    for (const { address, length } of ownAddresses(world, device)) {
      const network = { address: (address & netmask(length)) >>> 0, length };
      const add = (type: "local" | "broadcast", destination: Ipv4Prefix) => {
        const before = shown.some((one) => one.device === device && isEqual(one.destination, destination));
        if (!before) shown.push(localRoute(world, device, type, destination, address));
      };
      add("local", { address, length: 32 });
      if (isLoopback && length < 32) add("local", network);
      if (length < 31) add("broadcast", { address: (network.address | ~netmask(length)) >>> 0, length: 32 });
    }
  }
  return shown.sort(
    (a, b) => a.destination.address - b.destination.address || a.destination.length - b.destination.length,
  );
}

function localRoute(
  { devices }: World,
  device: number,
  type: "local" | "broadcast",
  destination: Ipv4Prefix,
  source: number,
): ShownRoute {
  const dev = devices.name.get(device);
  const dst = destination.length === 32 ? formatIpv4(destination.address) : formatPrefix(destination);
  const scope = type === "local" ? "host" : "link";
  const prefsrc = formatIpv4(source);
  const isDead = !devices.isRunning(device);
  return {
    table: localTable,
    device,
    destination,
    text: `${type} ${dst} dev ${dev} proto kernel scope ${scope} src ${prefsrc}${isDead ? " linkdown" : ""}`,
    json: { type, dst, dev, protocol: "kernel", scope, prefsrc, flags: isDead ? ["linkdown"] : [] },
  };
}

function tableName(table: number): string {
  return table === localTable ? "local" : String(table);
}

function textWithTable({ text, table }: ShownRoute): string {
  const at = / dev \S+/.exec(text);
  const end = at === null ? text.length : at.index + at[0].length;
  return `${text.slice(0, end)} table ${tableName(table)}${text.slice(end)}`;
}

function withTable({ json, table }: ShownRoute, isAll: boolean): object {
  if (!isAll || table === mainTable) return json;
  const { type, dst, gateway, dev, ...rest } = json;
  const head = { ...(type !== undefined && { type }), dst, ...(gateway !== undefined && { gateway }), dev };
  return { ...head, table: tableName(table), ...rest };
}
