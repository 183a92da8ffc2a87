import type { SourceRange } from "../../base/source-range.ts";
import { deviceKind } from "../../linux/devices.ts";
import { addBridge, addDevice, setLink } from "../../linux/setup/devices.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { SetUpCommand } from "../../plan/commands.ts";
import type { DeclaredPlace, NetworkPlan } from "../../plan/plan.ts";
import { readCapture } from "../../wire/capture-reader.ts";
import { isMalformed } from "../../wire/malformed.ts";
import { build } from "../build.ts";
import { generatedScheme } from "../documents/documents.ts";
import { Lab } from "../lab.ts";
import { Outputs } from "../outputs.ts";
import { Scenario } from "../scenario.ts";
import { CaptureDocument } from "./capture-document.ts";
import { unknownTrackers } from "./captured-connections.ts";
import { type Crossing, crossingsOf } from "./crossings.ts";
import { type CapturedInterface, networkOf } from "./network.ts";
import { Replay } from "./replay.ts";
import { sightingsOf } from "./sightings.ts";

const historyBytes = 256 * 1024 * 1024;

export type OpenedCapture = { readonly lab: Lab; readonly notes: readonly string[] } | { readonly problem: string };

/**
 * A lab that plays a capture: a pcapng with several interfaces, from this tool or from a real machine, or a pcap. Packets have the same
 * stack, scopes and breakpoints as simulated ones, as far as frames tell. `title` names the machine for interfaces that
 * name none.
 */
export function openCapture(bytes: Uint8Array, title: string): OpenedCapture {
  const capture = readCapture(bytes);
  if (isMalformed(capture)) return { problem: `This is no capture: ${capture.reason}.` };
  const sightings = sightingsOf(capture);
  if (sightings.all.length === 0)
    return { problem: ["This capture holds no Ethernet frame.", ...sightings.notes].join(" ") };
  const interfaces = networkOf(capture, sightings, title);
  const document = new CaptureDocument(`${generatedScheme}/${title}.capture`, title, interfaces, sightings);
  const ranges = interfaces.map((_, index) => document.rangeOfInterface(index));
  const plan = planOf(document.uri, title, interfaces, ranges, endOf(sightings.all[sightings.all.length - 1].timeNs));
  const { world, setUp, problems } = build(plan, { seed: 0, historyBytes });
  if (problems.length > 0) return { problem: problems[0].message };
  const devices = interfaces.map((one, index) => makeInterface(world, setUp.netns(one.netns), one, ranges[index]));
  for (const [index, { master }] of interfaces.entries())
    if (master !== undefined) setLink(world, devices[index], devices[master], linkUp(interfaces[index], ranges[index]));
  for (const [index, { netns, dev, addresses }] of interfaces.entries()) {
    for (const address of addresses)
      setUp.change({ do: "addr add", netns, dev, prefix: { address, length: 32 }, source: ranges[index] });
  }
  forgetUnknownAddresses(world);
  const outputs = new Outputs(world);
  const scenario = new Scenario(world, setUp, plan.scenarios[0], outputs, noCluster);
  outputs.attach(scenario);
  const crossings = crossingsOf(sightings, interfaces);
  new Replay(world, interfaces, devices, sightings, crossings);
  world.sim.begin();
  const lab = new Lab(world, plan, scenario, outputs, {
    layout: noCluster,
    program: undefined,
    open: () => undefined,
    documents: [document],
    whyNoEdits: "this is a capture: what happened cannot be changed",
  });
  return { lab, notes: [...sightings.notes, ...notesOf(crossings)] };
}

/** Packets do not tell which Services there are. */
const noCluster = () => undefined;

/** What packets do not tell of connections. */
function notesOf(crossings: readonly Crossing[]): readonly string[] {
  const unknown = unknownTrackers(crossings);
  if (unknown.length === 0) return [];
  const rewrite = unknown.length === 1 ? "rewrites" : "rewrite";
  return [`${unknown.join(", ")} ${rewrite} no packet: whether connections are tracked there cannot be known.`];
}

/** The run goes on a moment after the last frame, so that one can stand behind it. */
function endOf(lastNs: number): number {
  return lastNs + 1_000_000;
}

function planOf(
  uri: string,
  title: string,
  interfaces: readonly CapturedInterface[],
  ranges: readonly SourceRange[],
  untilNs: number,
): NetworkPlan {
  const [start] = ranges;
  const machines = new Map(interfaces.map(({ netns }, index) => [netns, ranges[index]]));
  const commands = [...machines].flatMap(([netns, source]): SetUpCommand[] => {
    const node = netns.split("/")[0];
    return [
      ...(machines.has(node) && node !== netns ? [] : [{ do: "node add" as const, node, source }]),
      addNetns(netns, node, source),
    ];
  });
  const nodesFirst = [...commands].sort((one, other) => rank(one) - rank(other));
  return {
    uri,
    title,
    setUp: () => nodesFirst,
    scenarios: [{ name: title, source: start, seed: 0, untilNs, statements: [] }],
    places: interfaces.map(
      ({ netns, dev, kind }, index): DeclaredPlace => ({
        kind: kind === "bridge" ? "bridge" : "interface",
        interfaces: [{ netns, dev }],
        source: ranges[index],
      }),
    ),
  };
}

function addNetns(netns: string, node: string, source: SourceRange): SetUpCommand {
  return { do: "netns add", netns, node, role: netns === node ? "netns" : "pod", source };
}

function rank(command: SetUpCommand): number {
  return command.do === "node add" ? 0 : 1;
}

function makeInterface(
  world: World,
  netns: number,
  { dev, kind, mac }: CapturedInterface,
  source: SourceRange,
): number {
  const { devices, namespaces } = world;
  if (kind === "loopback") {
    const lo = namespaces.loopback.get(netns);
    devices.source.set(lo, source);
    devices.up.set(lo, 1);
    return lo;
  }
  const name = namespaces.name.get(netns);
  let device: number;
  if (kind === "bridge") {
    addBridge(world, netns, { do: "bridge add", netns: name, dev, mac, source });
    device = namespaces.lastDevice.get(netns);
  } else {
    device = addDevice(world, netns, dev, deviceKind.veth, mac, source);
    devices.transmitStage.set(device, stage.vethTransmit);
  }
  devices.up.set(device, 1);
  return device;
}

/** Bridges know the MAC addresses of their ports; here some are not known. */
function forgetUnknownAddresses({ fdb }: World): void {
  for (const row of [...fdb.table.rows()]) if (fdb.mac.get(row) === 0) fdb.table.remove(row);
}

function linkUp({ netns, dev }: CapturedInterface, source: SourceRange) {
  return { do: "link set" as const, netns, dev, source };
}
