import type { World } from "../../linux/world.ts";
import { formatMac } from "../../wire/mac-address.ts";
import type { Endpoint } from "./endpoints.ts";
import type { Loss } from "./packet.ts";

/** Endpoints whose MAC address somebody else on the same network has, too. */
export function findSharedMacs(
  world: World,
  endpoints: readonly Endpoint[],
): readonly { readonly owner: Endpoint; readonly loss: Loss }[] {
  const { devices, namespaces } = world;
  const domains = new Domains(world);
  const owners = new Map<string, number>();
  const shared = new Map<number, number>();
  for (const device of devices.table.rows()) {
    if (!domains.isStation(device)) continue;
    const key = `${domains.of(device)} ${devices.mac.get(device)}`;
    const other = owners.get(key);
    if (other === undefined) owners.set(key, device);
    else if (devices.netns.get(other) !== devices.netns.get(device)) {
      shared.set(device, other);
      if (!shared.has(other)) shared.set(other, device);
    }
  }
  const place = (device: number) => `${namespaces.name.get(devices.netns.get(device))}/${devices.name.get(device)}`;
  return endpoints.flatMap((owner) => {
    const other = shared.get(owner.device);
    if (other === undefined) return [];
    const mac = formatMac(devices.mac.get(owner.device));
    const text = `${place(owner.device)} and ${place(other)} have the same MAC address ${mac} on one network: frames go to whichever of them was heard last`;
    const { netns, device } = owner;
    return [{ owner, loss: { kind: "lost", reason: "DUPLICATE_MAC", netns, device, text, isUncertain: true } }];
  });
}

/** Devices that hear each other's broadcasts. */
class Domains {
  readonly #world: World;
  readonly #parents = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
    const { devices, stations } = world;
    for (const device of devices.table.rows()) {
      const [peer, master] = [devices.peer.get(device), devices.master.get(device)];
      if (peer !== 0) this.#join(`${device}`, `${peer}`);
      if (master !== 0) this.#join(`${device}`, `${master}`);
      const station = stations.ofDevice(device);
      if (station !== 0) this.#join(`${device}`, `hub ${stations.hub.get(station)}`);
    }
  }

  /** A port of a bridge only passes on what is for others. */
  isStation(device: number): boolean {
    const { devices, namespaces } = this.#world;
    return devices.master.get(device) === 0 && device !== namespaces.loopback.get(devices.netns.get(device));
  }

  of(device: number): string {
    return this.#root(`${device}`);
  }

  #root(key: string): string {
    let root = key;
    for (let parent = this.#parents.get(root); parent !== undefined; parent = this.#parents.get(root)) root = parent;
    if (root !== key) this.#parents.set(key, root);
    return root;
  }

  #join(one: string, other: string): void {
    const [a, b] = [this.#root(one), this.#root(other)];
    if (a !== b) this.#parents.set(a, b);
  }
}
