import type { Diagnostic, Severity } from "../base/diagnostic.ts";
import type { SourceRange } from "../base/source-range.ts";
import { formatIpv4 } from "../wire/ipv4-address.ts";
import { formatMac } from "../wire/mac-address.ts";
import { type Device, type DeviceList, deviceKey } from "./devices.ts";

/**
 * Two stations with one address, or one MAC, where they hear each other. Where namespaces are wired by hand this may be
 * the very thing to look at, so there it is a warning.
 */
export function checkBroadcastDomains({ devices }: DeviceList, isRaw: (netns: string) => boolean): Diagnostic[] {
  const domains = new Domains(devices);
  const problems: Diagnostic[] = [];
  const addresses = new Map<string, { readonly device: Device; readonly source: SourceRange }>();
  const macs = new Map<string, Device>();
  const severity = (one: Device, other: Device): Severity =>
    isRaw(one.netns) || isRaw(other.netns) ? "warning" : "error";
  for (const [key, device] of devices) {
    const domain = domains.of(key);
    for (const { value, source } of device.addresses) {
      const known = `${domain} ${value}`;
      const other = addresses.get(known);
      if (other === undefined) addresses.set(known, { device, source });
      else {
        const owner = `${other.device.netns}/${other.device.dev} (line ${other.source.line})`;
        const message = `${formatIpv4(value)} is also the address of ${owner}, on the same network.`;
        problems.push({ severity: severity(device, other.device), code: "duplicate-address", range: source, message });
      }
    }
    const known = `${domain} ${device.mac}`;
    const other = macs.get(known);
    if (other === undefined) macs.set(known, device);
    else if (!isOwnPort(device, other)) {
      const owner = `${other.netns}/${other.dev} (line ${other.source.line})`;
      const message = `${device.netns}/${device.dev} has the MAC address ${formatMac(device.mac)} of ${owner}, on the same network.`;
      problems.push({ severity: severity(device, other), code: "duplicate-mac", range: device.source, message });
    }
  }
  return problems;
}

/** A bridge has the MAC of one of its ports by default. */
function isOwnPort(one: Device, other: Device): boolean {
  return one.netns === other.netns && (one.master?.value === other.dev || other.master?.value === one.dev);
}

/** Devices that hear each other's broadcasts: the two ends of a cable, the stations of a hub, the ports of a bridge and the bridge itself. */
class Domains {
  readonly #parents = new Map<string, string>();

  constructor(devices: DeviceList["devices"]) {
    for (const [key, { netns, peer, hub, master }] of devices) {
      if (peer) this.#join(key, peer);
      if (hub) this.#join(key, `hub ${hub}`);
      if (master) this.#join(key, deviceKey(netns, master.value));
    }
  }

  of(key: string): string {
    let root = key;
    for (let parent = this.#parents.get(root); parent !== undefined; parent = this.#parents.get(root)) root = parent;
    if (root !== key) this.#parents.set(key, root);
    return root;
  }

  #join(one: string, other: string): void {
    const [a, b] = [this.of(one), this.of(other)];
    if (a !== b) this.#parents.set(a, b);
  }
}
