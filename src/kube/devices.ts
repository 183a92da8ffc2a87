import type { SourceRange } from "../base/source-range.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import type { MacAddress } from "../wire/mac-address.ts";
import type { ClusterLayout } from "./layout.ts";
import { allMembers, firstMembers } from "./member-choice.ts";
import type { Sourced } from "./model.ts";
import { setUpCommands } from "./wiring.ts";

/** A device as the set-up makes it, with the places that declared its parts. */
export interface Device {
  readonly netns: string;
  readonly dev: string;
  readonly kind: "veth" | "bridge" | "ethernet" | "vxlan";
  readonly mac: MacAddress;
  readonly source: SourceRange;
  /** The other end of a cable, by its key. */
  readonly peer?: string;
  /** The hub that its cable is plugged into. */
  readonly hub?: string;
  /** The bridge it is a port of, in the same namespace, and where that was said. */
  master?: Sourced<string>;
  readonly addresses: Sourced<Ipv4Address>[];
}

/** Devices by `netns/dev`, in the order in which they are made. */
export interface DeviceList {
  readonly devices: ReadonlyMap<string, Device>;
  /** Made a second time under the same name. */
  readonly repeated: readonly Device[];
  /** Settings of devices that nothing makes. */
  readonly missing: readonly { readonly netns: string; readonly dev: string; readonly source: SourceRange }[];
}

/** The nodes of a range are alike, and made free of conflicts: two show what there is to see. */
const inspectedMembers = 2;

export function deviceKey(netns: string, dev: string): string {
  return `${netns}/${dev}`;
}

/** Replays the set-up far enough to know every device that the file names. */
export function listDevices(layout: ClusterLayout): DeviceList {
  const devices = new Map<string, Device>();
  const repeated: Device[] = [];
  const missing: { netns: string; dev: string; source: SourceRange }[] = [];
  const add = (device: Device) => {
    const key = deviceKey(device.netns, device.dev);
    if (devices.has(key)) repeated.push(device);
    else devices.set(key, device);
  };
  const find = (netns: string, dev: string, source: SourceRange): Device | undefined => {
    const device = devices.get(deviceKey(netns, dev));
    if (device === undefined && dev !== "lo") missing.push({ netns, dev, source });
    return device;
  };
  for (const command of setUpCommands(layout, firstMembers(inspectedMembers), allMembers)) {
    const { source } = command;
    switch (command.do) {
      case "bridge add":
        add({ ...command, kind: "bridge", mac: command.mac ?? 0, addresses: [] });
        break;
      case "vxlan add":
        add({ ...command, kind: "vxlan", mac: command.mac ?? 0, addresses: [] });
        if (command.underlying !== undefined) find(command.netns, command.underlying, source);
        break;
      case "veth add": {
        const { netns, dev, mac = 0, peerNetns, peerDev, peerMac = 0, peerSource = source } = command;
        add({ netns, dev, mac, kind: "veth", source, peer: deviceKey(peerNetns, peerDev), addresses: [] });
        const peer = deviceKey(netns, dev);
        add({ netns: peerNetns, dev: peerDev, mac: peerMac, kind: "veth", source: peerSource, peer, addresses: [] });
        break;
      }
      case "station add": {
        const { netns, dev, mac = 0, hub } = command;
        add({ netns, dev, mac, kind: "ethernet", source, hub, addresses: [] });
        break;
      }
      case "link set": {
        const device = find(command.netns, command.dev, source);
        if (device && command.master) device.master = { value: command.master, source };
        break;
      }
      case "addr add":
        find(command.netns, command.dev, source)?.addresses.push({ value: command.prefix.address, source });
        break;
      case "neigh add":
        find(command.netns, command.dev, source);
        break;
      case "route add":
        if (command.dev !== undefined) find(command.netns, command.dev, source);
    }
  }
  return { devices, repeated, missing };
}
