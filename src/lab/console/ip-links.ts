import { deviceKind } from "../../linux/devices.ts";
import { findDevice } from "../../linux/socket/arp-socket.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4, formatPrefix } from "../../wire/ipv4-address.ts";
import { formatMac } from "../../wire/mac-address.ts";
import { devicesOf, portsOf } from "../inspect/find.ts";
import { linkFlags, operationalState, printVxlan } from "../inspect/print.ts";
import { Complaint, type Invocation, needNetns, type Outcome, printed, printedJson } from "./command.ts";
import type { IpOptions } from "./ip.ts";
import {
  briefHead,
  linkAddress,
  linkCounters,
  linkCountersJson,
  linkHead,
  linkIndex,
  linkJson,
  peerNetns,
} from "./link-rows.ts";
import { ownAddresses } from "./own-addresses.ts";
import type { WordCursor } from "./word-cursor.ts";

/** `ip [-s] [-br] [-j] link [show] [[dev] NAME] [master BRIDGE] [type KIND] [up]`. */
export function showLinks(invocation: Invocation, words: WordCursor, options: IpOptions): Outcome {
  const { world } = invocation;
  const devices = chosenDevices(invocation, words, "ip -n pod1 link");
  if (options.json) {
    return printedJson(
      devices.map((device) => {
        if (options.brief) return { ...briefJson(world, device), ...briefAddress(world, device) };
        const counters = options.statistics ? { stats64: linkCountersJson(world, device) } : {};
        return { ...linkJson(world, device, true), ...counters };
      }),
    );
  }
  if (options.brief) {
    return printed(
      devices.map((device) => {
        const mac = formatMac(world.devices.mac.get(device));
        return `${briefHead(world, device)}${mac} <${linkFlags(world, device).join(",")}> `;
      }),
    );
  }
  return printed(
    devices.flatMap((device) => {
      const lines = [linkHead(world, device, true), linkAddress(world, device)];
      if (options.details) lines.push(...details(world, device));
      if (options.statistics) lines.push(...linkCounters(world, device));
      return options.oneline ? [lines.join("\\")] : lines;
    }),
  );
}

/** Of what `-d` adds, that which makes a device what it is here. */
function details(world: World, device: number): readonly string[] {
  const vxlan = world.vxlans.ofDevice(device);
  return vxlan === 0 ? [] : [`    ${printVxlan(world, vxlan)}`];
}

function briefJson(world: World, device: number): object {
  const { devices } = world;
  return {
    ...linkIndex(world, device),
    ifname: devices.name.get(device),
    operstate: operationalState(world, device),
  };
}

function briefAddress(world: World, device: number): object {
  return { address: formatMac(world.devices.mac.get(device)), flags: linkFlags(world, device) };
}

/** `ip [-4] [-br] [-o] [-j] addr [show] [[dev] NAME] [up]`. */
export function showAddresses(invocation: Invocation, words: WordCursor, options: IpOptions): Outcome {
  const { world } = invocation;
  const all = chosenDevices(invocation, words, "ip -n pod1 addr");
  const devices = options.ipv4 ? all.filter((device) => ownAddresses(world, device).length > 0) : all;
  if (options.json) return printedJson(devices.map((device) => addressJson(world, device, options.brief)));
  if (options.brief) {
    return printed(
      devices.map((device) => {
        const prefixes = ownAddresses(world, device).map((one) => `${formatPrefix(one)} `);
        return `${briefHead(world, device)}${prefixes.join("")}`;
      }),
    );
  }
  if (options.oneline) {
    return printed(
      devices.flatMap((device) => {
        const head = `${world.devices.ifindex.get(device)}: ${world.devices.name.get(device)}`;
        return addressLines(world, device).map(([inet, lifetime]) => `${head}${inet}\\${lifetime}`);
      }),
    );
  }
  return printed(
    devices.flatMap((device) => {
      const head = linkHead(world, device, false);
      const netns = options.ipv4 ? peerNetns(world, device) : 0;
      const link = netns === 0 ? "" : ` link-netns ${world.namespaces.name.get(netns)}`;
      const heads = options.ipv4 ? [`${head}${link}`] : [head, linkAddress(world, device)];
      return [...heads, ...addressLines(world, device).flat()];
    }),
  );
}

function addressLines(world: World, device: number): readonly (readonly [string, string])[] {
  const name = world.devices.name.get(device);
  return ownAddresses(world, device).map((one) => {
    const scope = `scope ${one.scope}${one.isSecondary ? " secondary" : ""} ${name}`;
    return [`    inet ${formatPrefix(one)} ${scope}`, "       valid_lft forever preferred_lft forever"];
  });
}

const forever = 0xffff_ffff;

function addressJson(world: World, device: number, brief: boolean): object {
  const { devices } = world;
  const own = ownAddresses(world, device);
  if (brief) {
    const addr_info = own.map(({ address, length }) => ({ local: formatIpv4(address), prefixlen: length }));
    return { ...briefJson(world, device), addr_info };
  }
  const addr_info = own.map(({ address, length, scope, isSecondary }) => ({
    family: "inet",
    local: formatIpv4(address),
    prefixlen: length,
    scope,
    ...(isSecondary && { secondary: true }),
    label: devices.name.get(device),
    valid_life_time: forever,
    preferred_life_time: forever,
  }));
  return { ...linkJson(world, device, false), addr_info };
}

const kinds: Readonly<Record<string, number>> = {
  bridge: deviceKind.bridge,
  veth: deviceKind.veth,
  vxlan: deviceKind.vxlan,
};

function chosenDevices(invocation: Invocation, words: WordCursor, example: string): readonly number[] {
  const { world } = invocation;
  const netns = needNetns(invocation, example);
  let chosen = [...devicesOf(world, netns)];
  while (!words.done) {
    if (words.takeIf("up")) chosen = chosen.filter((device) => world.devices.up.get(device) === 1);
    else if (words.takeIf("master")) {
      const name = words.take("the bridge");
      const bridge = findDevice(world, netns, name);
      if (bridge === 0) throw new Complaint(`Error: argument "${name}" is wrong: Device does not exist`);
      chosen = chosen.filter((device) => [...portsOf(world, bridge)].includes(device));
    } else if (words.takeIf("type")) {
      const kind = kinds[words.take("the kind of device")];
      chosen = chosen.filter((device) => world.devices.kind.get(device) === kind);
    } else {
      words.takeIf("dev");
      const name = words.take("the device");
      const device = findDevice(world, netns, name);
      if (device === 0) throw new Complaint(`Device "${name}" does not exist.`);
      chosen = chosen.filter((one) => one === device);
    }
  }
  return chosen;
}
