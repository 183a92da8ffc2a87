import type { SourceRange } from "../../base/source-range.ts";
import { update } from "../../linux/neighbour/neighbour.ts";
import { nud, nudName, nudValid } from "../../linux/neighbours.ts";
import type { SetUp } from "../../linux/setup/apply.ts";
import { findDevice } from "../../linux/socket/arp-socket.ts";
import type { World } from "../../linux/world.ts";
import type { NetworkCommand } from "../../plan/commands.ts";
import { parseIpv4 } from "../../wire/address-text.ts";
import { parseMac } from "../../wire/mac-address.ts";
import { kindOf } from "../data/data-id.ts";
import { findData } from "../data/data-tables.ts";
import { findDeviceByPath } from "../inspect/find.ts";
import { routeCommand } from "./route-command.ts";
import { conntrackState } from "./set-connection.ts";
import { Refused, readAddress, readInteger, readMac, readWord } from "./values.ts";

/** What a change needs: the world, and the commands that an administrator would type. */
export interface Hands {
  readonly world: World;
  readonly setUp: SetUp;
}

/** Makes the change, or answers why it cannot; a command of an administrator may refuse only when it is tried. */
export type Change = () => string | undefined;

type Setter = (hands: Hands, id: string, text: string) => Change | Refused;

/** Edits have no line in a file. */
export const noSource: SourceRange = { uri: "", line: 1, column: 1, endLine: 1, endColumn: 1 };

const setters: Readonly<Record<string, Readonly<Record<string, Setter>>>> = {
  arp: { lladdr: setNeighbourMac, state: setNeighbourState },
  fdb: { dev: setFdbPort },
  route: { via: setRoute("via"), dev: setRoute("dev"), src: setRoute("src") },
  sysctl: { value: setSysctl },
  ct: { mark: setConnectionMark, state: setConnectionState },
  dev: {
    mtu: setLink(mtuOf),
    "link/ether": setLink(macOf),
    state: setLink(upOf),
    master: setLink(masterOf),
    hairpin: setLink(hairpinOf),
  },
};

export function isRowFieldSettable(row: string, field: string): boolean {
  return setters[kindOf(row)]?.[field] !== undefined;
}

/** How to give a field of a row another value. */
export function setRowField(hands: Hands, row: string, field: string, text: string): Change | Refused {
  const setter = setters[kindOf(row)]?.[field];
  return setter === undefined ? new Refused(`${field} is not to be changed by hand`) : setter(hands, row, text);
}

/** Reads `arp:pod1/eth0/10.244.1.9`: its device, and what comes after the last slash. */
function splitAtDevice(
  { world }: Hands,
  id: string,
): { readonly device: number; readonly path: string; readonly key: string } {
  const rest = id.slice(id.indexOf(":") + 1);
  const slash = rest.lastIndexOf("/");
  const path = rest.slice(0, slash);
  return { device: findDeviceByPath(world, path), path, key: rest.slice(slash + 1) };
}

/** An entry that is not there yet is made, as `ip neigh add` does it; one that is being resolved gets its answer. */
function setNeighbourMac(hands: Hands, id: string, text: string): Change | Refused {
  const mac = readMac(text);
  if (mac instanceof Refused) return mac;
  const { world } = hands;
  const { neighbours } = world;
  const found = findData(world, id);
  if (found === undefined) return command(hands, newNeighbour(hands, id, mac));
  const { row } = found;
  const state = neighbours.state.get(row);
  if ((state & nudValid) === 0) return changing(() => update(world, row, mac, nud.reachable, true));
  return changing(() => neighbours.mac.set(row, mac));
}

function newNeighbour(hands: Hands, id: string, mac: number): NetworkCommand | Refused {
  const { path, key } = splitAtDevice(hands, id);
  const address = parseIpv4(key);
  if (address === undefined) return new Refused(`"${key}" is not an IPv4 address`);
  return { do: "neigh add", ...netnsAndDev(path), address, mac, source: noSource };
}

function setNeighbourState({ world }: Hands, id: string, text: string): Change | Refused {
  const states = Object.values(nud).filter((state) => state !== nud.none && state !== nud.incomplete);
  const name = readWord(text, states.map(nudName));
  if (name instanceof Refused) return name;
  const found = findData(world, id);
  if (found === undefined) return new Refused("There is no such entry");
  const { neighbours } = world;
  const { row } = found;
  const state = states.find((one) => nudName(one) === name) ?? nud.stale;
  const isKnown = (neighbours.state.get(row) & nudValid) !== 0;
  if (!isKnown && (state & nudValid) !== 0)
    return new Refused(`Its MAC address is not known, so it cannot be ${name}: set lladdr`);
  return changing(() => {
    // What is permanent for the kernel is not so for hands.
    if (neighbours.state.get(row) === nud.permanent) neighbours.state.set(row, nud.stale);
    update(world, row, neighbours.mac.get(row), state, true);
    if (state === nud.stale) neighbours.state.set(row, nud.stale);
  });
}

function setFdbPort(hands: Hands, id: string, text: string): Change | Refused {
  const { world } = hands;
  const { devices, fdb } = world;
  const { device: bridge, key } = splitAtDevice(hands, id);
  const port = bridge === 0 ? 0 : findDevice(world, devices.netns.get(bridge), text.trim());
  if (port === 0 || devices.master.get(port) !== bridge) return new Refused(`"${text}" is no port of this bridge`);
  const found = findData(world, id);
  if (found !== undefined) return changing(() => fdb.port.set(found.row, port));
  const mac = parseMac(key);
  if (mac === undefined) return new Refused(`"${key}" is not a MAC address`);
  const { netns } = netnsAndDev(id.slice(id.indexOf(":") + 1, id.lastIndexOf("/")));
  return command(hands, { do: "fdb add", netns, dev: text.trim(), mac, kind: "dynamic", source: noSource });
}

function setRoute(field: "via" | "dev" | "src"): Setter {
  return (hands, id, text) => {
    const found = findData(hands.world, id);
    if (found === undefined) return new Refused("There is no such route");
    const route = routeCommand(hands.world, found.row, "route replace");
    if (route instanceof Refused) return route;
    if (field === "dev") return command(hands, { ...route, dev: text.trim() });
    const isNone = text.trim() === "" || text.trim() === "none";
    const address = isNone ? undefined : readAddress(text);
    if (address instanceof Refused) return address;
    return command(hands, field === "via" ? { ...route, via: address } : { ...route, preferredSource: address });
  };
}

function setSysctl(hands: Hands, id: string, text: string): Change | Refused {
  const value = readInteger(text, 0x7fff_ffff);
  if (value instanceof Refused) return value;
  const rest = id.slice("sysctl:".length);
  const at = rest.lastIndexOf("/net.");
  if (at < 0) return new Refused("A sysctl is named as in sysctl:pod1/net.ipv4.ip_forward");
  return command(hands, { do: "sysctl", netns: rest.slice(0, at), key: rest.slice(at + 1), value, source: noSource });
}

function setConnectionMark({ world }: Hands, id: string, text: string): Change | Refused {
  const mark = readInteger(text, 0xffff_ffff);
  const found = findData(world, id);
  if (mark instanceof Refused) return mark;
  if (found === undefined) return new Refused("There is no such connection");
  return changing(() => world.conntrack.mark.set(found.row, mark | 0));
}

function setConnectionState({ world }: Hands, id: string, text: string): Change | Refused {
  const found = findData(world, id);
  if (found === undefined) return new Refused("There is no such connection");
  const state = conntrackState(world, found.row, text);
  return state instanceof Refused ? state : changing(() => world.conntrack.state.set(found.row, state));
}

type LinkChange = Omit<Extract<NetworkCommand, { do: "link set" }>, "do" | "netns" | "dev" | "source">;

function setLink(read: (text: string) => LinkChange | Refused): Setter {
  return (hands, id, text) => {
    const change = read(text);
    if (change instanceof Refused) return change;
    return command(hands, { do: "link set", ...netnsAndDev(id.slice("dev:".length)), ...change, source: noSource });
  };
}

function mtuOf(text: string): LinkChange | Refused {
  const mtu = readInteger(text, 65_535, 68);
  return mtu instanceof Refused ? mtu : { mtu };
}

function macOf(text: string): LinkChange | Refused {
  const mac = readMac(text);
  return mac instanceof Refused ? mac : { mac };
}

function upOf(text: string): LinkChange | Refused {
  const word = readWord(text, ["UP", "DOWN"]);
  return word instanceof Refused ? word : { up: word === "UP" };
}

function masterOf(text: string): LinkChange {
  return { master: text.trim() === "none" || text.trim() === "" ? null : text.trim() };
}

function hairpinOf(text: string): LinkChange | Refused {
  const word = readWord(text, ["on", "off"]);
  return word instanceof Refused ? word : { hairpin: word === "on" };
}

/** `node1/pod1/eth0` is device eth0 of namespace `node1/pod1`. */
export function netnsAndDev(path: string): { readonly netns: string; readonly dev: string } {
  const slash = path.lastIndexOf("/");
  return { netns: path.slice(0, slash), dev: path.slice(slash + 1) };
}

/** What an administrator would type; it may be refused as he would be. */
export function command({ setUp }: Hands, typed: NetworkCommand | Refused): Change | Refused {
  return typed instanceof Refused ? typed : () => setUp.change(typed);
}

function changing(change: () => void): Change {
  return () => {
    change();
    return undefined;
  };
}
