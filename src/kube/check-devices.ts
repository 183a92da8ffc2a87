import type { Diagnostic } from "../base/diagnostic.ts";
import { closest } from "../base/suggest.ts";
import { type Device, type DeviceList, deviceKey } from "./devices.ts";
import type { Sourced } from "./model.ts";

/** A bridge numbers its ports in ten bits, and 0 is none (net/bridge/br_private.h, BR_MAX_PORTS). */
const maximumPorts = 1023;

/** Names of devices: made twice, set but never made, joined to what is no bridge; bridges with too many ports. */
export function checkDevices({ devices, repeated, missing }: DeviceList): Diagnostic[] {
  const problems: Diagnostic[] = [];
  for (const { netns, dev, source } of repeated) {
    const message = `${netns} already has an interface ${dev} (line ${devices.get(deviceKey(netns, dev))?.source.line}).`;
    problems.push({ severity: "error", code: "duplicate-name", range: source, message });
  }
  for (const { netns, dev, source } of missing) {
    const guess = closest(dev, devicesOf(netns, devices));
    const message = `Nothing makes an interface ${dev} in ${netns}${guess ? `. Did you mean ${guess}?` : ": lay a veth to it."}`;
    problems.push({ severity: "error", code: "unknown-device", range: source, message });
  }
  const ports = new Map<string, Device[]>();
  for (const device of devices.values()) {
    if (device.master === undefined) continue;
    const key = deviceKey(device.netns, device.master.value);
    if (devices.get(key)?.kind !== "bridge") problems.push(noBridge(device.netns, device.master, devices));
    else ports.set(key, [...(ports.get(key)?.slice(0, maximumPorts) ?? []), device]);
  }
  for (const [bridge, list] of ports) {
    if (list.length <= maximumPorts) continue;
    const message = `${bridge} would get more than ${maximumPorts} ports; Linux refuses the next one.`;
    problems.push({ severity: "error", code: "too-many-ports", range: list[maximumPorts].source, message });
  }
  return problems;
}

function noBridge(
  netns: string,
  { value, source: range }: Sourced<string>,
  devices: DeviceList["devices"],
): Diagnostic {
  const bridges = [...devices.values()].filter((device) => device.netns === netns && device.kind === "bridge");
  const names = bridges.map(({ dev }) => dev);
  const guess = closest(value, names);
  const message = `${netns} has no bridge ${value}.${guess ? ` Did you mean ${guess}?` : ""}`;
  const fix = guess && { title: `Change to ${guess}`, range, newText: guess };
  return { severity: "error", code: "unknown-bridge", range, message, ...(fix && { fix }) };
}

function devicesOf(netns: string, devices: DeviceList["devices"]): string[] {
  return [...devices.values()].filter((device) => device.netns === netns).map(({ dev }) => dev);
}
