import type { World } from "../../linux/world.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { formatMac, type MacAddress } from "../../wire/mac-address.ts";
import { encapsulatedFrame } from "../../wire/vxlan.ts";
import { printFdbRow, printVtep } from "../inspect/print.ts";
import { deviceName } from "../names.ts";
import { type Asked, statementIdea } from "./asked.ts";
import type { Idea, Reasons, Tried } from "./explanation.ts";
import { idea } from "./file-edits.ts";

interface Found {
  readonly tried: readonly Tried[];
  readonly ideas: readonly Idea[];
}

/** Whether a frame for another machine was led here by an entry that names this one; of a copy of a flood there is none. */
export function isMisled(world: World, packet: number): boolean {
  return wrongVtepsHere(world, packet).length > 0 || wrongPort(world, packet) !== 0;
}

/** The frame is for another machine, and an entry that somebody made led it here. */
export function becauseOfWrongEntry(asked: Asked): Reasons {
  const { world, packet } = asked;
  const { destination } = world.packets.data.get(packet) as EthernetFrame;
  const vteps = vtepReasons(asked, destination, wrongVtepsHere(world, packet));
  const port = portReasons(asked, destination, wrongPort(world, packet));
  return { tried: [...vteps.tried, ...port.tried], ideas: [...vteps.ideas, ...port.ideas] };
}

/** The packet carries a frame to a VTEP that its destination is not behind. */
export function becauseOfWrongVtep(asked: Asked): Found {
  const { world, ip } = asked;
  const tunnelled = ip?.payload.kind === "udp" ? encapsulatedFrame(ip.payload) : undefined;
  if (ip === undefined || tunnelled === undefined) return { tried: [], ideas: [] };
  const { header, frame } = tunnelled;
  const { vteps, vxlans } = world;
  const sender = vxlans.ofVni(header.vni).find((row) => vxlans.local.get(row) === ip.source);
  const rows =
    sender === undefined
      ? []
      : vteps
          .of(vxlans.device.get(sender), frame.destination)
          .filter((row) => vteps.remote.get(row) === ip.destination);
  return vtepReasons(asked, frame.destination, rows);
}

/** Entries of other VTEPs by which the frame's destination would be behind the vxlan device that it came out of. */
function wrongVtepsHere({ packets, vteps, vxlans, devices, addresses }: World, packet: number): readonly number[] {
  const device = packets.device.get(packet);
  const own = vxlans.ofDevice(device);
  const data = packets.data.get(packet);
  if (own === 0 || data === null || "ttl" in data) return [];
  const netns = devices.netns.get(device);
  return vxlans.ofVni(vxlans.vni.get(own)).flatMap((row) => {
    const other = vxlans.device.get(row);
    if (other === device) return [];
    return vteps.of(other, data.destination).filter((one) => addresses.has(netns, vteps.remote.get(one)));
  });
}

function vtepReasons(asked: Asked, mac: MacAddress, rows: readonly number[]): Found {
  const { world } = asked;
  const { vteps, vxlans, devices, namespaces } = world;
  const found = rows.flatMap((row) => {
    const asking = vteps.device.get(row);
    const own = vxlans.ofDevice(asking);
    const owner = vxlans
      .ofVni(vxlans.vni.get(own))
      .find((one) => one !== own && devices.mac.get(vxlans.device.get(one)) === mac);
    const right = owner === undefined ? 0 : vxlans.local.get(owner);
    return owner === undefined || right === 0 || right === vteps.remote.get(row)
      ? []
      : [{ row, asking, owner: vxlans.device.get(owner), right: formatIpv4(right) }];
  });
  return {
    tried: found.map(({ row, asking, owner, right }) => ({
      what: `bridge fdb of ${deviceName(world, asking)}: ${printVtep(world, row)}`,
      missed: `${formatMac(mac)} is ${deviceName(world, owner)}, whose VTEP is ${right}`,
    })),
    ideas: found.flatMap(({ row, asking, right }) => {
      const dev = devices.name.get(asking);
      const netns = namespaces.name.get(devices.netns.get(asking));
      const wrong = formatIpv4(vteps.remote.get(row));
      return [
        ...entryIdeas(asked, mac, dev, `dst ${wrong}`, `dst ${right}`),
        ...statementIdea(asked, `bridge -n ${netns} fdb replace ${formatMac(mac)} dev ${dev} dst ${right}`),
      ];
    }),
  };
}

/** The static entry of the bridge at the other end of the link that sends the frame out by this link; 0 where there is none. */
function wrongPort({ packets, devices, fdb }: World, packet: number): number {
  const port = devices.peer.get(packets.device.get(packet));
  const bridge = port === 0 ? 0 : devices.master.get(port);
  const data = packets.data.get(packet);
  if (bridge === 0 || data === null || "ttl" in data) return 0;
  const entry = fdb.find(bridge, data.destination);
  return entry !== 0 && fdb.isStatic(entry) && fdb.port.get(entry) === port ? entry : 0;
}

function portReasons(asked: Asked, mac: MacAddress, entry: number): Found {
  const { world } = asked;
  const { devices, fdb, namespaces } = world;
  if (entry === 0) return { tried: [], ideas: [] };
  const bridge = fdb.bridge.get(entry);
  const wrong = devices.name.get(fdb.port.get(entry));
  const netns = namespaces.name.get(devices.netns.get(bridge));
  const right = portTo(world, bridge, mac);
  const change = `bridge -n ${netns} fdb`;
  return {
    tried: [
      {
        what: `FDB of ${deviceName(world, bridge)}: ${printFdbRow(world, entry)}`,
        missed:
          right === 0
            ? `${formatMac(mac)} is not behind ${wrong}`
            : `${formatMac(mac)} is behind ${devices.name.get(right)}`,
      },
    ],
    ideas:
      right === 0
        ? statementIdea(asked, `${change} del ${formatMac(mac)} dev ${wrong} master`)
        : [
            ...entryIdeas(asked, mac, wrong, `dev ${wrong}`, `dev ${devices.name.get(right)}`),
            ...statementIdea(asked, `${change} replace ${formatMac(mac)} dev ${devices.name.get(right)} master static`),
          ],
  };
}

/** The bridge's port whose link ends at the device with that address; 0 where it is farther away. */
function portTo({ devices }: World, bridge: number, mac: MacAddress): number {
  for (const port of devices.table.rows()) {
    const peer = devices.peer.get(port);
    if (devices.master.get(port) === bridge && peer !== 0 && devices.mac.get(peer) === mac) return port;
  }
  return 0;
}

/** The statement of the file that made the entry, with the right words in the place of the wrong ones. */
function entryIdeas(
  { file, statement, plan }: Asked,
  mac: MacAddress,
  dev: string,
  wrong: string,
  right: string,
): readonly Idea[] {
  if (file === undefined || statement === undefined) return [];
  const named = [formatMac(mac), `dev ${dev}`, wrong];
  const scenario = plan.scenarios.find(({ statements }) => statements.includes(statement));
  const maker = scenario?.statements.findLast(({ text, source }) => {
    return (
      source.uri === file.uri && / fdb (add|append|replace) /.test(text) && named.every((one) => text.includes(one))
    );
  });
  if (maker === undefined) return [];
  const pattern = new RegExp(`\\b${wrong.replaceAll(".", "\\.")}(?![\\w.])`);
  return idea(`In "${maker.text}": ${right} in the place of ${wrong}`, [
    file.replaceIn(maker.source.line, pattern, right),
  ]);
}
