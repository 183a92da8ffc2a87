import { parseBridgeCommand } from "../../config/bridge-command.ts";
import type { CommandWord } from "../../config/command-words.ts";
import { deviceKind, portOff } from "../../linux/devices.ts";
import { findDevice } from "../../linux/socket/arp-socket.ts";
import { vtepState } from "../../linux/vxlans.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { formatMac } from "../../wire/mac-address.ts";
import { devicesOf, portsOf } from "../inspect/find.ts";
import { linkFlags, printFdbRow, printVtep, vtepStateName } from "../inspect/print.ts";
import {
  Complaint,
  type Invocation,
  needNetns,
  netnsName,
  type Outcome,
  printed,
  printedJson,
  wordsText,
} from "./command.ts";
import { type IpOptions, isShow, readIpOptions } from "./ip.ts";
import { deviceNamed } from "./ip-neighbours.ts";
import { isPortFlagOn, portLink, portState } from "./link-rows.ts";
import { WordCursor } from "./word-cursor.ts";

const objects = ["link", "fdb"] as const;

/** `bridge [-n NETNS] [-j] [-d] link|fdb [COMMAND]`. */
export function bridge(invocation: Invocation): Outcome {
  const { options, netns, rest } = readIpOptions(invocation, "bridge");
  const here = { ...invocation, netns };
  const [word, action, ...args] = rest;
  const object = objects.find((name) => word !== undefined && name.startsWith(word.text));
  if (object === undefined)
    throw new Complaint(`Object "${word?.text ?? ""}" is unknown: bridge knows ${objects.join(" and ")} here.`);
  if (action !== undefined && !isShow(action.text)) return change(here, object, [action, ...args]);
  const words = new WordCursor(args);
  return object === "link" ? showPorts(here, words, options) : showEntries(here, words, options);
}

function change(invocation: Invocation, object: string, words: readonly CommandWord[]): Outcome {
  const parsed = parseBridgeCommand([object, ...words.map(({ text }) => text)]);
  if ("error" in parsed) throw new Complaint(parsed.error.message);
  const netns = netnsName(invocation, needNetns(invocation, `bridge -n node1 ${object} …`));
  return { kind: "statement", statement: `bridge -n ${netns} ${object} ${wordsText(words)}`, said: "" };
}

/** `bridge link [show] [dev PORT]`. */
function showPorts(invocation: Invocation, words: WordCursor, options: IpOptions): Outcome {
  const { world } = invocation;
  const netns = needNetns(invocation, "bridge -n node1 link");
  const named = words.takeIf("dev") ? deviceNamed(world, netns, words.take("the port")) : 0;
  words.end("bridge link show dev PORT.");
  const ports = [...devicesOf(world, netns)]
    .filter((device) => world.devices.master.get(device) !== 0)
    .filter((device) => named === 0 || device === named);
  if (options.json) return printedJson(ports.map((port) => portJson(world, port, options)));
  return printed(
    ports.flatMap((port) => [portText(world, port), ...(options.details ? [`    ${portFlags(world, port)}`] : [])]),
  );
}

/** What a veth's path costs spanning tree; other devices have no speed (net/bridge/br_if.c, `port_cost`). */
function pathCost({ devices }: World, port: number): number {
  return devices.kind.get(port) === deviceKind.veth ? 2 : 100;
}

function portText(world: World, port: number): string {
  const { devices } = world;
  const hasLink = devices.peer.get(port) !== 0;
  const name = `${devices.name.get(port)}${hasLink ? `@${portLink(world, port)}` : ""}`;
  const flags = `<${linkFlags(world, port).join(",")}>`;
  const master = devices.name.get(devices.master.get(port));
  const tail = `state ${portState(world, port)} priority 32 cost ${pathCost(world, port)} `;
  return `${devices.ifindex.get(port)}: ${name}: ${flags} mtu ${devices.mtu.get(port)} master ${master} ${tail}`;
}

function flagsOf(world: World, port: number): Readonly<Record<string, boolean>> {
  const isOn = (bit: number) => isPortFlagOn(world, port, bit);
  return {
    hairpin: world.devices.hairpin.get(port) === 1,
    guard: false,
    root_block: false,
    fastleave: false,
    learning: isOn(portOff.learning),
    flood: isOn(portOff.flood),
    mcast_flood: isOn(portOff.mcastFlood),
    bcast_flood: isOn(portOff.bcastFlood),
  };
}

function portFlags(world: World, port: number): string {
  const text = (flags: Readonly<Record<string, boolean>>) =>
    Object.entries(flags)
      .map(([name, isOn]) => `${name} ${isOn ? "on" : "off"}`)
      .join(" ");
  const last = { neigh_suppress: false, vlan_tunnel: false, isolated: isIsolated(world, port), locked: false };
  return `${text(flagsOf(world, port))} mcast_router 1 mcast_to_unicast off ${text(last)} `;
}

function isIsolated(world: World, port: number): boolean {
  return !isPortFlagOn(world, port, portOff.sharing);
}

function portJson(world: World, port: number, options: IpOptions): object {
  const { devices } = world;
  const hasLink = devices.peer.get(port) !== 0;
  const rest = { neigh_suppress: false, vlan_tunnel: false, isolated: isIsolated(world, port), locked: false };
  return {
    ifindex: devices.ifindex.get(port),
    ...(hasLink && { link: portLink(world, port) }),
    ifname: devices.name.get(port),
    flags: linkFlags(world, port),
    mtu: devices.mtu.get(port),
    master: devices.name.get(devices.master.get(port)),
    state: portState(world, port),
    priority: 32,
    cost: pathCost(world, port),
    ...(options.details && { ...flagsOf(world, port), mcast_router: 1, mcast_to_unicast: false, ...rest }),
  };
}

interface ShownEntry {
  readonly device: number;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** `bridge fdb [show] [br BRIDGE] [dev|brport DEVICE]`. */
function showEntries(invocation: Invocation, words: WordCursor, options: IpOptions): Outcome {
  const { world } = invocation;
  const netns = needNetns(invocation, "bridge -n node1 fdb show br cbr0");
  let [br, dev] = [0, 0];
  while (!words.done) {
    if (words.takeIf("br")) {
      const name = words.take("the bridge");
      br = findDevice(world, netns, name);
      if (br === 0) throw new Complaint(`Cannot find bridge device "${name}"`);
    } else if (words.takeIf("dev", "brport")) dev = deviceNamed(world, netns, words.take("the device"));
    else words.end("bridge fdb show [br BRIDGE] [dev DEVICE].");
  }
  const ofBridge = (device: number) => br === 0 || device === br || [...portsOf(world, br)].includes(device);
  const entries = [...devicesOf(world, netns)]
    .filter((device) => (dev === 0 || device === dev) && ofBridge(device))
    .flatMap((device) => entriesAt(world, device));
  if (options.json) {
    return printedJson(
      entries.map(({ json }) => {
        const { ifname, ...rest } = json;
        return dev === 0 ? json : rest;
      }),
    );
  }
  return printed(entries.map(({ text }) => (dev === 0 ? text : text.replace(/ dev \S+/, ""))));
}

/** Addresses of groups that every Ethernet device listens to: all hosts of IPv6, all systems of IPv4 (RFC 1112). */
const groups = ["33:33:00:00:00:01", "01:00:5e:00:00:01"];

/** A bridge lists groups first, a port last. */
function entriesAt(world: World, device: number): readonly ShownEntry[] {
  const { devices, fdb } = world;
  const kind = devices.kind.get(device);
  if (kind === deviceKind.loopback) return [];
  const name = devices.name.get(device);
  const self = devices.up.get(device) === 0 ? [] : groups.map((mac) => groupEntry(device, name, mac));
  const bridge = kind === deviceKind.bridge ? device : devices.master.get(device);
  const rows = bridge === 0 ? [] : fdb.ofBridge(bridge).filter((row) => fdb.port.get(row) === device);
  const own = [...rows].sort((a, b) => fdb.mac.get(a) - fdb.mac.get(b)).map((row) => masterEntry(world, device, row));
  const remote = kind === deviceKind.vxlan ? world.vteps.ofDevice(device).map((row) => vtepEntry(world, row)) : [];
  return kind === deviceKind.bridge ? [...self, ...own] : [...own, ...remote, ...self];
}

function groupEntry(device: number, name: string, mac: string): ShownEntry {
  const json = { mac, ifname: name, flags: ["self"], state: "permanent" };
  return { device, text: `${mac} dev ${name} self permanent`, json };
}

function masterEntry(world: World, device: number, row: number): ShownEntry {
  const { fdb, devices } = world;
  const text = printFdbRow(world, row);
  const state = fdb.isLocal.get(row) === 1 ? "permanent" : fdb.isStatic(row) ? "static" : "";
  const json = {
    mac: formatMac(fdb.mac.get(row)),
    ifname: devices.name.get(device),
    flags: [],
    master: devices.name.get(fdb.bridge.get(row)),
    state,
  };
  return { device, text: state === "" ? `${text} ` : text, json };
}

function vtepEntry(world: World, row: number): ShownEntry {
  const { vteps, devices } = world;
  const device = vteps.device.get(row);
  const name = devices.name.get(device);
  const isLearned = vteps.state.get(row) === vtepState.dynamic;
  const text = printVtep(world, row).replace(" dst ", ` dev ${name} dst `);
  const json = {
    mac: formatMac(vteps.mac.get(row)),
    ifname: name,
    dst: formatIpv4(vteps.remote.get(row)),
    flags: ["self"],
    state: isLearned ? "" : vtepStateName(world, row),
  };
  return { device, text: isLearned ? `${text} ` : text, json };
}
