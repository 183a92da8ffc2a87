import { conf, confOf } from "../../linux/device/conf.ts";
import { fibLookup } from "../../linux/ip/fib.ts";
import { isBroadcastAddress, isLocalAddress } from "../../linux/ip/local.ts";
import { nextHopOf, pathMtu, type RouteDecision, routeOutput, sourceFor } from "../../linux/ip/source.ts";
import { sourceVerdict, validateSource } from "../../linux/ip/validate-source.ts";
import { mainTable, routeType } from "../../linux/routes.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import { devicesOf } from "../inspect/find.ts";
import { Complaint, type Invocation, needNetns, type Outcome, printed, printedJson } from "./command.ts";
import type { IpOptions } from "./ip.ts";
import { deviceNamed } from "./ip-neighbours.ts";
import type { WordCursor } from "./word-cursor.ts";

interface Question {
  readonly netns: number;
  readonly destination: Ipv4Address;
  /** 0: none. */
  readonly from: Ipv4Address;
  readonly inDevice: number;
  readonly mark: number;
}

interface Answer {
  readonly type?: "local" | "broadcast";
  readonly via?: Ipv4Address;
  readonly device: number;
  /** Where it is not main. */
  readonly table?: string;
  readonly source?: Ipv4Address;
  readonly flags: readonly string[];
  readonly mtu?: number;
  /** Of what was learned about this destination alone, in seconds. */
  readonly expiresSeconds?: number;
}

/** `ip [-j] route get ADDRESS [from ADDRESS] [iif DEVICE] [mark MARK]`. */
export function getRoute(invocation: Invocation, words: WordCursor, options: IpOptions): Outcome {
  const { world } = invocation;
  const netns = needNetns(invocation, "ip -n pod1 route get 10.244.1.9");
  const destination = words.address();
  let [from, inDevice, mark] = [0, 0, 0];
  while (!words.done) {
    if (words.takeIf("from")) from = words.address();
    else if (words.takeIf("iif")) inDevice = deviceNamed(world, netns, words.take("the device"));
    else if (words.takeIf("mark")) mark = markNamed(words.take("the mark"));
    else words.end("ip route get ADDRESS [from ADDRESS] [iif DEVICE] [mark MARK].");
  }
  const question = { netns, destination, from, inDevice, mark };
  const answer = inDevice === 0 ? outputRoute(world, question) : inputRoute(world, question);
  return options.json
    ? printedJson([answerJson(world, question, answer)])
    : printed(answerLines(world, question, answer));
}

function markNamed(word: string): number {
  const mark = /^(0x[0-9a-f]+|\d+)$/i.test(word) ? Number(word) : Number.NaN;
  if (!(mark <= 0xffff_ffff)) throw new Complaint(`Error: argument "${word}" is wrong: invalid mark value`);
  return mark;
}

/** `ip_route_output_key_hash`: for a packet that is made here. */
function outputRoute(world: World, { netns, destination, from, mark }: Question): Answer {
  if (from !== 0 && !isLocalAddress(world, netns, from))
    throw new Complaint("RTNETLINK answers: Network is unreachable");
  const broadcast = broadcastDevice(world, netns, destination);
  if (broadcast !== 0) {
    const source = world.addresses.address.get(world.addresses.ofDevice(broadcast)[0]);
    return { type: "broadcast", device: broadcast, table: "local", source, flags: ["local", "brd"] };
  }
  const way = routeOutput(world, netns, destination, from, mark);
  refuse(way);
  const source = from === 0 ? sourceFor(world, way) : undefined;
  if (way.kind === "local") return { type: "local", device: way.device, table: "local", source, flags: ["local"] };
  return { ...unicast(world, way.route, destination), source };
}

function refuse(way: RouteDecision): asserts way is Extract<RouteDecision, { kind: "local" | "unicast" }> {
  if (way.kind === "none") throw new Complaint("RTNETLINK answers: Network is unreachable");
  if (way.kind === "refused") throw new Complaint(`RTNETLINK answers: ${refusals[way.type]}`);
}

/** What the types of routes that refuse answer with (net/ipv4/fib_semantics.c, `fib_props`). */
const refusals: Readonly<Record<number, string>> = {
  [routeType.blackhole]: "Invalid argument",
  [routeType.unreachable]: "No route to host",
  [routeType.prohibit]: "Permission denied",
};

function broadcastDevice(world: World, netns: number, destination: Ipv4Address): number {
  for (const device of devicesOf(world, netns)) {
    const isThere = world.addresses.ofDevice(device).length > 0;
    if (isThere && world.devices.up.get(device) === 1 && isBroadcastAddress(world, device, destination)) return device;
  }
  return 0;
}

/** `ip_route_input`: for a packet that came in by a device. */
function inputRoute(world: World, { netns, destination, from, inDevice, mark }: Question): Answer {
  const { routes, devices } = world;
  if (from === 0) throw new Complaint("RTNETLINK answers: Invalid argument");
  const isLocal = isLocalAddress(world, netns, destination);
  const route = isLocal ? 0 : fibLookup(world, netns, destination, from, inDevice, mark);
  if (!isLocal && confOf(world, inDevice, conf.forwarding) === 0)
    throw new Complaint("RTNETLINK answers: No route to host");
  if (!isLocal && route === 0) throw new Complaint("RTNETLINK answers: Network is unreachable");
  const outDevice = route === 0 ? 0 : routes.device.get(route);
  if (route !== 0 && routes.type.get(route) !== routeType.unicast)
    throw new Complaint(`RTNETLINK answers: ${refusals[routes.type.get(route)]}`);
  if (route !== 0 && devices.up.get(outDevice) === 0) throw new Complaint("RTNETLINK answers: Network is unreachable");
  const verdict = validateSource(world, netns, inDevice, from, destination, outDevice);
  if (verdict < 0)
    throw new Complaint(
      `RTNETLINK answers: ${verdict === sourceVerdict.wrongWay ? "Invalid cross-device link" : "Invalid argument"}`,
    );
  if (isLocal) return { type: "local", device: world.namespaces.loopback.get(netns), table: "local", flags: ["local"] };
  const way = unicast(world, route, destination);
  return verdict === sourceVerdict.neighbour && outDevice === inDevice ? { ...way, flags: ["redirect"] } : way;
}

function unicast(world: World, route: number, destination: Ipv4Address): Answer {
  const { routes, devices, exceptions, nowNs } = world;
  const device = routes.device.get(route);
  const exception = exceptions.find(route, destination, nowNs);
  const nextHop = nextHopOf(world, route, destination);
  const mtu = pathMtu(world, route, destination);
  const table = routes.tableOf(route);
  const isRedirected = nextHop !== (routes.gateway.get(route) || destination);
  return {
    ...(nextHop !== destination && { via: nextHop }),
    device,
    ...(table !== mainTable && { table: String(table) }),
    flags: isRedirected ? ["redirected"] : [],
    ...(mtu !== devices.mtu.get(device) && { mtu }),
    ...(exception !== 0 && { expiresSeconds: Math.floor((exceptions.expiresNs.get(exception) - nowNs) / 1e9) }),
  };
}

function answerLines(world: World, { destination, from, inDevice, mark }: Question, answer: Answer): readonly string[] {
  const { devices } = world;
  const { type, via, device, table, source, flags, mtu, expiresSeconds } = answer;
  const words = [
    ...(type === undefined ? [] : [type]),
    formatIpv4(destination),
    ...(from === 0 ? [] : [`from ${formatIpv4(from)}`]),
    ...(via === undefined ? [] : [`via ${formatIpv4(via)}`]),
    `dev ${devices.name.get(device)}`,
    ...(table === undefined ? [] : [`table ${table}`]),
    ...(source === undefined ? [] : [`src ${formatIpv4(source)}`]),
    ...(mark === 0 ? [] : [`mark ${mark < 16 ? mark : `0x${mark.toString(16)}`}`]),
    ...(inDevice === 0 ? ["uid 0"] : []),
  ];
  const cache = [
    ...(flags.length === 0 ? [] : [`<${flags.join(",")}>`]),
    ...(expiresSeconds === undefined ? [] : [`expires ${expiresSeconds}sec`]),
    ...(mtu === undefined ? [] : [`mtu ${mtu}`]),
    ...(inDevice === 0 ? [] : [`iif ${devices.name.get(inDevice)}`]),
  ];
  return [`${words.join(" ")} `, `    cache ${cache.map((word) => `${word} `).join("")}`];
}

function answerJson(world: World, { destination, from, inDevice, mark }: Question, answer: Answer): object {
  const { devices } = world;
  const { type, via, device, table, source, flags, mtu } = answer;
  return {
    ...(type !== undefined && { type }),
    dst: formatIpv4(destination),
    ...(from !== 0 && { from: formatIpv4(from) }),
    ...(via !== undefined && { gateway: formatIpv4(via) }),
    dev: devices.name.get(device),
    ...(table !== undefined && { table }),
    ...(source !== undefined && { prefsrc: formatIpv4(source) }),
    flags: [],
    ...(mark !== 0 && { mark }),
    ...(inDevice === 0 && { uid: 0 }),
    cache: flags,
    ...(mtu !== undefined && { metrics: [{ mtu }] }),
    ...(inDevice !== 0 && { iif: devices.name.get(inDevice) }),
  };
}
