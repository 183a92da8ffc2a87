import type { Capture } from "../../wire/capture.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { isGroupMac, type MacAddress } from "../../wire/mac-address.ts";
import type { Sighting, Sightings } from "./sightings.ts";

/** What a capture tells of an interface. */
export interface CapturedInterface {
  readonly netns: string;
  readonly dev: string;
  readonly kind: "loopback" | "bridge" | "vxlan" | "veth";
  /** Its own, where it was seen to send with it; 0 where not. */
  readonly mac: MacAddress;
  /** Those that it was seen to speak for. */
  readonly addresses: readonly Ipv4Address[];
  /** The bridge that it is a port of: another interface of the list. */
  readonly master?: number;
}

/**
 * The interfaces of a capture in its order, named `NETNS/DEV` or only `DEV`; after them, bridges that frames were seen to pass
 * though nothing was captured at the bridge itself.
 */
export function networkOf({ interfaces }: Capture, sightings: Sightings, title: string): readonly CapturedInterface[] {
  const names = interfaces.map(({ name }, index) =>
    splitName(name ?? (index === 0 ? title : `${title}-${index}`), title),
  );
  const macs = ownMacs(sightings);
  const addresses = ownAddresses(sightings, macs);
  const ports = portsOf(sightings, names);
  const all = [...names];
  const masterOf = (tap: number): number | undefined => {
    if (!ports.has(tap)) return undefined;
    const { netns } = names[tap];
    const known = all.findIndex((one) => one.netns === netns && isBridgeName(one.dev));
    return known >= 0 ? known : all.push({ netns, dev: "bridge" }) - 1;
  };
  const masters = names.map((_, tap) => masterOf(tap));
  return all.map(({ netns, dev }, index) => ({
    netns,
    dev,
    kind: kindOf(dev),
    mac: macs.get(index) ?? 0,
    addresses: [...(addresses.get(index) ?? [])],
    master: masters[index],
  }));
}

interface InterfaceName {
  readonly netns: string;
  readonly dev: string;
}

/** `node1/pod1/eth0` is `eth0` of `node1/pod1`; a name without a slash is an interface of the machine that was captured at. */
function splitName(name: string, title: string): InterfaceName {
  const at = name.lastIndexOf("/");
  return at < 0 ? { netns: title, dev: name } : { netns: name.slice(0, at), dev: name.slice(at + 1) };
}

/** How bridges are called by CNI plugins, Docker and libvirt. */
function isBridgeName(dev: string): boolean {
  return /^(br|cbr|cni|docker|virbr|lxdbr|kube-bridge|bridge)/.test(dev);
}

function kindOf(dev: string): CapturedInterface["kind"] {
  if (dev === "lo") return "loopback";
  if (isBridgeName(dev)) return "bridge";
  return /^(flannel\.|vxlan)/.test(dev) ? "vxlan" : "veth";
}

/** An interface sends with its own address what begins at it, and ARP that names the address as the sender's. */
function ownMacs({ all, first }: Sightings): ReadonlyMap<number, MacAddress> {
  const macs = new Map<number, MacAddress>();
  for (const [index, { tap, direction, frame, packet }] of all.entries()) {
    if (direction === "out" && first[packet] === index && !macs.has(tap)) macs.set(tap, frame.source);
  }
  return macs;
}

/** A packet begins at its source and ends at its destination, where what lies between was captured, too. */
function ownAddresses(
  { all, first, last }: Sightings,
  macs: ReadonlyMap<number, MacAddress>,
): ReadonlyMap<number, Set<Ipv4Address>> {
  const addresses = new Map<number, Set<Ipv4Address>>();
  const note = (tap: number, address: Ipv4Address) => {
    if (address === 0) return;
    addresses.set(tap, (addresses.get(tap) ?? new Set()).add(address));
  };
  const told = toldByArp(all);
  for (const [index, sighting] of all.entries()) {
    const { tap, frame } = sighting;
    const own = macs.get(tap);
    if (frame.payload.kind === "arp" && sighting.direction === "out" && frame.payload.senderMac === own)
      note(tap, frame.payload.senderIp);
    if (frame.payload.kind !== "ipv4") continue;
    if (sighting.direction === "out" && first[sighting.packet] === index) note(tap, frame.payload.source);
    if (endsHere(sighting, index, last, own) && isOwnAddress(told.get(frame.destination), frame.payload.destination))
      note(tap, frame.payload.destination);
  }
  return addresses;
}

/** What ARP told anybody: the IPv4 addresses that a MAC address was said to have. */
function toldByArp(all: readonly Sighting[]): ReadonlyMap<MacAddress, ReadonlySet<Ipv4Address>> {
  const told = new Map<MacAddress, Set<Ipv4Address>>();
  for (const { frame } of all) {
    if (frame.payload.kind !== "arp" || frame.payload.senderIp === 0) continue;
    const { senderMac, senderIp } = frame.payload;
    told.set(senderMac, (told.get(senderMac) ?? new Set()).add(senderIp));
  }
  return told;
}

/** A packet to the MAC address of another IPv4 address was to be passed on, and was lost where it ends; without ARP nobody knows. */
function isOwnAddress(told: ReadonlySet<Ipv4Address> | undefined, destination: Ipv4Address): boolean {
  return told === undefined || told.has(destination);
}

function endsHere(
  { direction, frame, packet }: Sighting,
  index: number,
  last: readonly number[],
  own: MacAddress | undefined,
): boolean {
  return direction === "in" && last[packet] === index && !isGroupMac(frame.destination) && frame.destination === own;
}

/** Interfaces that share a frame, unchanged, with another one of the same machine, as only a bridge's do. */
function portsOf({ all }: Sightings, names: readonly InterfaceName[]): ReadonlySet<number> {
  const ports = new Set<number>();
  const before = new Map<number, Sighting[]>();
  for (const sighting of all) {
    const earlier = before.get(sighting.packet) ?? [];
    before.set(sighting.packet, [...earlier, sighting]);
    for (const one of earlier) {
      if (one.tap === sighting.tap || names[one.tap].netns !== names[sighting.tap].netns) continue;
      if (!isHandedOn(one, sighting, names) || !areSameFrame(one.frame, sighting.frame)) continue;
      for (const tap of [one.tap, sighting.tap]) if (!isBridgeName(names[tap].dev)) ports.add(tap);
    }
  }
  return ports;
}

/** From port to port, from a port up to its bridge, or from the bridge down to a port. */
function isHandedOn(one: Sighting, next: Sighting, names: readonly InterfaceName[]): boolean {
  if (one.direction !== next.direction) return one.direction === "in";
  const [upper, lower] = one.direction === "in" ? [next, one] : [one, next];
  return isBridgeName(names[upper.tap].dev) && !isBridgeName(names[lower.tap].dev);
}

function areSameFrame(one: EthernetFrame, other: EthernetFrame): boolean {
  if (one.source !== other.source || one.destination !== other.destination) return false;
  return one.payload.kind !== "ipv4" || other.payload.kind !== "ipv4" || one.payload.ttl === other.payload.ttl;
}
