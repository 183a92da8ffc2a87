import { deviceKind, portOff } from "../../linux/devices.ts";
import { hook } from "../../linux/netfilter/position.ts";
import { bridgeHooks } from "../../linux/netfilter/registered.ts";
import type { World } from "../../linux/world.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { broadcastMac, formatMac, isGroupMac, type MacAddress } from "../../wire/mac-address.ts";
import type { Hooks } from "./hooks.ts";
import type { Memory } from "./memory.ts";
import type { Connection, Loss, ProbePacket } from "./packet.ts";

/** A frame that is followed without being sent; without a packet it is an ARP packet. */
export interface ProbeFrame {
  readonly source: MacAddress;
  readonly destination: MacAddress;
  readonly packet: ProbePacket | undefined;
}

/** A device hands a frame to the protocols of its machine. */
export interface Arrival {
  readonly device: number;
  readonly frame: ProbeFrame;
  /** Its rules of PREROUTING have seen it on the bridge. */
  readonly wasSeenOnBridge: boolean;
  /** Addressed to the port of a bridge by which it came, or taken without asking. */
  readonly isTaken: boolean;
}

/** What one question has to remember, and where its frames were lost. */
export interface Question {
  readonly memory: Memory;
  readonly connection: Connection;
  readonly losses: Loss[];
  /** Tunnels inside tunnels. */
  readonly depth: number;
}

/** A frame on its way through cables, bridges, hubs and tunnels. */
interface Way {
  readonly question: Question;
  readonly arrivals: Arrival[];
  /** Bridges that have flooded it. */
  readonly flooded: readonly number[];
  /** The port by which the bridge got it that calls hooks for it. */
  readonly hookedBy: number;
}

/** Sends the outer packet of a tunnel; gives the namespace that it is delivered to, or undefined and a loss. */
export type Tunnel = (device: number, remote: Ipv4Address, frame: ProbeFrame, question: Question) => number | undefined;

/** The Ethernet header, and room for a VLAN tag (`is_skb_forwardable`). */
const forwardableHeaders = 14 + 4;
const arpFrameLength = 42;
const allZeros = 0;

/** The links of a world, as frames pass them: veth pairs, bridges with what they know and learn, hubs, VXLAN. */
export class Lan {
  readonly #world: World;
  readonly #hooks: Hooks;
  readonly #tunnel: Tunnel;

  constructor(world: World, hooks: Hooks, tunnel: Tunnel) {
    this.#world = world;
    this.#hooks = hooks;
    this.#tunnel = tunnel;
  }

  /** Everybody who gets a frame that a machine sends by its device. */
  send(device: number, frame: ProbeFrame, question: Question): readonly Arrival[] {
    const way: Way = { question, arrivals: [], flooded: [], hookedBy: 0 };
    this.#transmit(device, frame, way);
    return way.arrivals.filter((arrival) => this.#isFor(arrival));
  }

  #isFor({ device, frame, isTaken }: Arrival): boolean {
    return isTaken || isGroupMac(frame.destination) || frame.destination === this.#world.devices.mac.get(device);
  }

  #transmit(device: number, frame: ProbeFrame, way: Way): void {
    const { devices } = this.#world;
    switch (devices.kind.get(device)) {
      case deviceKind.bridge:
        if (!devices.isRunning(device)) return this.#lose(way, device, frame, "DEV_READY", "no port of it is up");
        return this.#direct(device, 0, frame, { ...way, hookedBy: 0 });
      case deviceKind.ethernet:
        return this.#onHub(device, frame, way);
      case deviceKind.vxlan:
        return this.#throughTunnel(device, frame, way);
      default:
        return this.#throughVeth(device, frame, way);
    }
  }

  #throughVeth(device: number, frame: ProbeFrame, way: Way): void {
    const { devices } = this.#world;
    if (!devices.isRunning(device)) {
      const isDown = devices.up.get(device) === 0;
      return this.#lose(way, device, frame, "DEV_READY", isDown ? "it is down" : "the other end of its cable is down");
    }
    const peer = devices.peer.get(device);
    if (peer === 0) return this.#lose(way, device, frame, "DEV_READY", "nothing is at its other end");
    if (this.#isTooLong(frame, peer, false)) {
      const text = `it has ${frame.packet?.length} bytes, and the MTU at the other end, ${devices.name.get(peer)}, is ${devices.mtu.get(peer)}`;
      return this.#lose(way, device, frame, "VETH_PEER_MTU", text);
    }
    const isElsewhere = devices.netns.get(peer) !== devices.netns.get(device);
    const packet = frame.packet && isElsewhere ? { ...frame.packet, mark: 0, isTracked: true } : frame.packet;
    this.#receive(peer, { ...frame, packet }, way);
  }

  #onHub(device: number, frame: ProbeFrame, way: Way): void {
    const { devices, stations } = this.#world;
    if (devices.up.get(device) === 0) return this.#lose(way, device, frame, "DEV_READY", "it is down");
    const own = stations.ofDevice(device);
    if (own === 0) return;
    for (const station of stations.ofHub(stations.hub.get(own))) {
      const other = stations.device.get(station);
      if (station !== own && devices.up.get(other) === 1) this.#receive(other, frame, way);
    }
  }

  #throughTunnel(device: number, frame: ProbeFrame, way: Way): void {
    const { devices, vteps } = this.#world;
    const { question } = way;
    if (devices.up.get(device) === 0) return this.#lose(way, device, frame, "DEV_READY", "it is down");
    const learned = question.memory.vtep(device, frame.destination);
    const own = vteps.of(device, frame.destination);
    const rows = own.length > 0 ? own : vteps.of(device, allZeros);
    const remotes = learned !== undefined && own.length === 0 ? [learned] : rows.map((row) => vteps.remote.get(row));
    if (remotes.length === 0) {
      const text = `it knows no VTEP for ${formatMac(frame.destination)}`;
      return this.#lose(way, device, frame, "NO_TX_TARGET", text);
    }
    for (const remote of remotes) {
      const netns = this.#tunnel(device, remote, frame, question);
      if (netns !== undefined) this.#leaveTunnel(device, netns, frame, way);
    }
  }

  #leaveTunnel(from: number, netns: number, frame: ProbeFrame, way: Way): void {
    const { devices, vxlans, vteps } = this.#world;
    const { question } = way;
    const vxlan = vxlans.ofDevice(from);
    const found = vxlans.ofVni(vxlans.vni.get(vxlan)).find((row) => {
      const device = vxlans.device.get(row);
      const isHere = devices.netns.get(device) === netns && devices.up.get(device) === 1;
      return isHere && vxlans.port.get(row) === vxlans.port.get(vxlan);
    });
    if (found === undefined) {
      const text = `no device of ${this.#netnsName(netns)} that is up has its VNI ${vxlans.vni.get(vxlan)}`;
      return this.#lose(way, from, frame, "VXLAN_VNI_NOT_FOUND", text);
    }
    const device = vxlans.device.get(found);
    if (frame.source === devices.mac.get(device) && netns !== devices.netns.get(from))
      return this.#lose(way, device, frame, "LOCAL_MAC", "its source MAC address is the device's own");
    if (vxlans.learning.get(found) === 1) {
      const remote = vxlans.local.get(vxlan) || this.#firstAddress(devices.netns.get(from));
      const [known] = vteps.of(device, frame.source);
      if (known !== undefined && vteps.remote.get(known) !== remote)
        return this.#lose(
          way,
          device,
          frame,
          "VXLAN_ENTRY_EXISTS",
          "its source MAC address is entered as another VTEP's",
        );
      question.memory.learnVtep(device, frame.source, remote);
    }
    const packet = frame.packet && { ...frame.packet, mark: 0, isTracked: true };
    this.#receive(device, { ...frame, packet }, way);
  }

  #receive(device: number, frame: ProbeFrame, way: Way): void {
    const { devices, namespaces } = this.#world;
    if (devices.up.get(device) === 0) return this.#lose(way, device, frame, "DEV_READY", "it is down");
    const bridge = devices.master.get(device);
    if (bridge === 0) {
      way.arrivals.push({ device, frame, wasSeenOnBridge: false, isTaken: false });
      return;
    }
    const netns = devices.netns.get(device);
    if (frame.packet === undefined || (namespaces.hooks.get(netns) & bridgeHooks) === 0)
      return this.#intoBridge(bridge, device, frame, { ...way, hookedBy: 0 });
    const at = { netns, hook: hook.prerouting, inDevice: bridge, outDevice: 0, nextHop: 0, inPort: device, outPort: 0 };
    const packet = this.#hooks.pass(frame.packet, at, way.question.connection);
    if ("kind" in packet) way.question.losses.push(packet);
    else this.#intoBridge(bridge, device, { ...frame, packet }, { ...way, hookedBy: device });
  }

  #intoBridge(bridge: number, port: number, frame: ProbeFrame, way: Way): void {
    const { devices } = this.#world;
    if (devices.up.get(bridge) === 0) return this.#lose(way, bridge, frame, "DEV_READY", "it is down");
    if ((devices.conf.get(port) & portOff.learning) === 0) this.#learn(bridge, port, frame.source, way);
    this.#direct(bridge, port, frame, way);
  }

  #learn(bridge: number, port: number, mac: MacAddress, { question }: Way): void {
    const { fdb, devices } = this.#world;
    if (isGroupMac(mac) || mac === 0 || devices.ageingTimeNs.get(bridge) === 0) return;
    const row = fdb.find(bridge, mac);
    if (row === 0 || fdb.isLocal.get(row) === 0) question.memory.learnPort(bridge, mac, port);
  }

  #direct(bridge: number, inPort: number, frame: ProbeFrame, way: Way): void {
    const { fdb } = this.#world;
    const { destination } = frame;
    const row = isGroupMac(destination) ? 0 : fdb.find(bridge, destination);
    const learned = isGroupMac(destination) ? undefined : way.question.memory.port(bridge, destination);
    if (row !== 0 && fdb.isLocal.get(row) === 1) this.#deliver(bridge, inPort, frame, way);
    else if (learned !== undefined) this.#forward(bridge, inPort, learned, frame, way);
    else if (row !== 0) this.#forward(bridge, inPort, fdb.port.get(row), frame, way);
    else this.#flood(bridge, inPort, frame, way);
  }

  #deliver(bridge: number, inPort: number, frame: ProbeFrame, way: Way): void {
    const isTaken = inPort !== 0 && frame.destination === this.#world.devices.mac.get(inPort);
    way.arrivals.push({ device: bridge, frame, wasSeenOnBridge: way.hookedBy !== 0, isTaken });
  }

  #forward(bridge: number, inPort: number, port: number, frame: ProbeFrame, way: Way): void {
    const { devices } = this.#world;
    const name = devices.name.get(port);
    if (port === inPort && devices.hairpin.get(port) === 0) {
      const text = `its destination is behind ${name}, the port it came from, and hairpin mode is off there`;
      return this.#lose(way, bridge, frame, "BRIDGE_SAME_PORT", text);
    }
    if (this.#areIsolated(inPort, port))
      return this.#lose(way, bridge, frame, "BRIDGE_ISOLATED", `${devices.name.get(inPort)} and ${name} are isolated`);
    if (!devices.isRunning(port)) return this.#lose(way, bridge, frame, "BRIDGE_PORT_DOWN", `the port ${name} is down`);
    this.#sendOut(bridge, inPort, port, frame, way);
  }

  #flood(bridge: number, inPort: number, frame: ProbeFrame, way: Way): void {
    const { devices } = this.#world;
    if (way.flooded.includes(bridge)) return this.#lose(way, bridge, frame, "BRIDGE_LOOP", "the bridges form a loop");
    const onward: Way = { ...way, flooded: [...way.flooded, bridge] };
    const off = floodFlag(frame.destination, inPort);
    for (let port = devices.firstPort.get(bridge); port !== 0; port = devices.nextPort.get(port)) {
      if ((devices.conf.get(port) & off) !== 0 || this.#areIsolated(inPort, port)) continue;
      if ((port === inPort && devices.hairpin.get(port) === 0) || !devices.isRunning(port)) continue;
      this.#sendOut(bridge, inPort, port, frame, onward);
    }
    if (inPort !== 0 && isGroupMac(frame.destination)) this.#deliver(bridge, inPort, frame, onward);
  }

  /** Out of a port, past the hooks that a bridge calls for what came in by another one. */
  #sendOut(bridge: number, inPort: number, port: number, frame: ProbeFrame, way: Way): void {
    const { devices } = this.#world;
    if (this.#isTooLong(frame, port, way.hookedBy !== 0)) {
      const text = `it has ${frame.packet?.length} bytes, and the MTU of ${devices.name.get(port)} is ${devices.mtu.get(port)}`;
      return this.#lose(way, bridge, frame, "BRIDGE_PORT_MTU", text);
    }
    if (frame.packet === undefined || way.hookedBy === 0 || way.hookedBy !== inPort)
      return this.#transmit(port, frame, way);
    const netns = devices.netns.get(bridge);
    const ports = { netns, outDevice: bridge, nextHop: 0, inPort, outPort: port };
    let packet: ProbePacket | Loss = frame.packet;
    for (const [number, inDevice] of [
      [hook.forward, bridge],
      [hook.postrouting, 0],
    ]) {
      packet = this.#hooks.pass(packet, { ...ports, hook: number, inDevice }, way.question.connection);
      if ("kind" in packet) {
        way.question.losses.push(packet);
        return;
      }
    }
    this.#transmit(port, { ...frame, packet }, way);
  }

  #areIsolated(one: number, other: number): boolean {
    const { conf } = this.#world.devices;
    return one !== 0 && (conf.get(one) & conf.get(other) & portOff.sharing) !== 0;
  }

  #isTooLong({ packet }: ProbeFrame, device: number, isHooked: boolean): boolean {
    const mtu = this.#world.devices.mtu.get(device);
    if (packet === undefined) return arpFrameLength > mtu + forwardableHeaders;
    return isHooked ? packet.length > mtu : packet.length + 14 > mtu + forwardableHeaders;
  }

  #firstAddress(netns: number): Ipv4Address {
    const { namespaces, devices, addresses } = this.#world;
    for (let device = namespaces.firstDevice.get(netns); device !== 0; device = devices.nextInNetns.get(device)) {
      const [row] = device === namespaces.loopback.get(netns) ? [] : addresses.ofDevice(device);
      if (row !== undefined) return addresses.address.get(row);
    }
    return 0;
  }

  #netnsName(netns: number): string {
    return this.#world.namespaces.name.get(netns);
  }

  #lose({ question }: Way, device: number, { packet }: ProbeFrame, reason: Loss["reason"], text: string): void {
    const netns = this.#world.devices.netns.get(device);
    question.losses.push({ kind: "lost", netns, device, reason, text, packet });
  }
}

/** Which flag of a port keeps such a frame from being flooded to it. */
function floodFlag(destination: MacAddress, inPort: number): number {
  if (!isGroupMac(destination)) return portOff.flood;
  if (inPort === 0) return 0;
  return destination === broadcastMac ? portOff.bcastFlood : portOff.mcastFlood;
}
