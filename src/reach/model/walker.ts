import { conf, confOf } from "../../linux/device/conf.ts";
import { fibLookup, isBroadcastHere } from "../../linux/ip/fib.ts";
import { isLocalAddress } from "../../linux/ip/local.ts";
import { isOnLink } from "../../linux/ip/on-link.ts";
import { nextHopOf, routeOutput, selectSource, sourceFor } from "../../linux/ip/source.ts";
import { sourceDropReason, validateSource } from "../../linux/ip/validate-source.ts";
import { isProxyFor, ownAnswer } from "../../linux/neighbour/arp-answer.ts";
import { nudValid } from "../../linux/neighbours.ts";
import { hook } from "../../linux/netfilter/position.ts";
import { routeType } from "../../linux/routes.ts";
import type { World } from "../../linux/world.ts";
import { arpOperation, arpPacket } from "../../wire/arp.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import { broadcastMac, type MacAddress, zeroMac } from "../../wire/mac-address.ts";
import { type AtHook, Hooks } from "./hooks.ts";
import { type Arrival, Lan, type ProbeFrame, type Question } from "./lan.ts";
import type { Fate, Loss, ProbePacket } from "./packet.ts";

/** Tunnels inside tunnels that are followed. */
const deepestTunnel = 3;
const vxlanOverhead = 50;
/** Routers that a packet may pass and still be on its way. */
const farthest = 32;

/** A packet on its way out of a namespace. */
interface Leaving {
  readonly netns: number;
  readonly device: number;
  readonly nextHop: Ipv4Address;
  readonly route: number;
  /** Where it came in; 0: it was made here. */
  readonly inDevice: number;
}

/**
 * Follows packets through a world's tables as the simulated kernel would, without its queue, without time, and without
 * changing anything: what is learned on the way stays with the question.
 */
export class Walker {
  readonly #world: World;
  readonly hooks: Hooks;
  readonly #lan: Lan;

  constructor(world: World) {
    this.#world = world;
    this.hooks = new Hooks(world);
    this.#lan = new Lan(world, this.hooks, (device, remote, frame, question) =>
      this.#tunnel(device, remote, frame, question),
    );
  }

  /** What becomes of a packet that is made in a namespace. `routedFrom` is the source that rules see: 0 where none is chosen. */
  send(netns: number, packet: ProbePacket, routedFrom: Ipv4Address, question: Question): Fate {
    const world = this.#world;
    if (isLocalAddress(world, netns, packet.destination)) return this.#throughLoopback(netns, packet, question);
    const way = this.#wayOut(netns, packet, routedFrom);
    if ("kind" in way) return way;
    const passed = this.#pass(packet, hook.output, way, question);
    if ("kind" in passed) return passed;
    const next = passed.mark === packet.mark ? way : this.#wayOut(netns, passed, passed.source);
    return "kind" in next ? next : this.#leave(passed, next, question);
  }

  /** `ip_route_connect` asks again once it has chosen a source: why the route for that one leads nowhere. */
  refusedConnect(netns: number, packet: ProbePacket): Loss | undefined {
    if (isLocalAddress(this.#world, netns, packet.destination)) return undefined;
    const way = this.#wayOut(netns, packet, packet.source);
    return "kind" in way ? way : undefined;
  }

  /** The source that a program gets that does not choose one; undefined where no route leads there. */
  sourceTowards(netns: number, destination: Ipv4Address): Ipv4Address | undefined {
    const way = routeOutput(this.#world, netns, destination);
    return way.kind === "local" || way.kind === "unicast" ? sourceFor(this.#world, way) : undefined;
  }

  /** The MTU of the device that the way to an address begins with. */
  firstMtu(netns: number, destination: Ipv4Address): number | undefined {
    const way = routeOutput(this.#world, netns, destination);
    return way.kind === "unicast" ? way.mtu : undefined;
  }

  #wayOut(netns: number, packet: ProbePacket, from: Ipv4Address): Leaving | Loss {
    const { devices, routes, namespaces } = this.#world;
    const route = fibLookup(this.#world, netns, packet.destination, from, 0, packet.mark);
    const lost = (reason: Loss["reason"], text: string, device = 0): Loss => ({
      ...{ kind: "lost", netns, device, reason, text, route, packet },
    });
    const name = namespaces.name.get(netns);
    if (route === 0) return lost("IP_OUTNOROUTES", `${name} has no route to ${formatIpv4(packet.destination)}`);
    if (routes.type.get(route) !== routeType.unicast)
      return lost("IP_ROUTE_REFUSES", `a route of ${name} refuses ${formatIpv4(packet.destination)}`);
    const device = routes.device.get(route);
    if (devices.up.get(device) === 0)
      return lost("IP_OUTNOROUTES", `${devices.name.get(device)}, where the route leads, is down`, device);
    if (packet.dontFragment && packet.length > devices.mtu.get(device))
      return lost("PKT_TOO_BIG", this.#tooBig(packet, device), device);
    return { netns, device, nextHop: nextHopOf(this.#world, route, packet.destination), route, inDevice: 0 };
  }

  #throughLoopback(netns: number, packet: ProbePacket, question: Question): Fate {
    const device = this.#world.namespaces.loopback.get(netns);
    if (this.#world.devices.up.get(device) === 0)
      return { kind: "lost", netns, device, reason: "DEV_READY", text: "lo is down", packet };
    const base = { netns, nextHop: packet.destination, inPort: 0, outPort: 0 };
    const steps: readonly AtHook[] = [
      { ...base, hook: hook.output, inDevice: 0, outDevice: device },
      { ...base, hook: hook.postrouting, inDevice: 0, outDevice: device },
      { ...base, hook: hook.prerouting, inDevice: device, outDevice: 0, isDecided: true },
      { ...base, hook: hook.input, inDevice: device, outDevice: 0, isDecided: true },
    ];
    let passed: ProbePacket | Loss = packet;
    for (const at of steps) {
      passed = this.hooks.pass(passed, at, question.connection);
      if ("kind" in passed) return passed;
    }
    return { kind: "delivered", netns, device, packet: passed };
  }

  /** `ip_rcv` and what follows it. */
  #receive({ device, frame, wasSeenOnBridge }: Arrival, question: Question): Fate {
    const world = this.#world;
    const netns = world.devices.netns.get(device);
    const came: Leaving = { netns, device: 0, nextHop: 0, route: 0, inDevice: device };
    const packet = wasSeenOnBridge
      ? (frame.packet as ProbePacket)
      : this.#pass(frame.packet as ProbePacket, hook.prerouting, came, question);
    if ("kind" in packet) return packet;
    const { source, destination } = packet;
    const lost = (reason: Loss["reason"], text: string, route = 0): Loss => ({
      ...{ kind: "lost", netns, device, reason, text, route, packet },
    });
    const isHere = isLocalAddress(world, netns, destination) || isBroadcastHere(world, netns, device, destination);
    if (isHere) {
      const verdict = validateSource(world, netns, device, source, destination, 0);
      if (verdict < 0) return lost(sourceDropReason(verdict), this.#wrongSource(netns, device, packet, verdict));
      const delivered = this.#pass(packet, hook.input, came, question);
      return "kind" in delivered ? delivered : { kind: "delivered", netns, device, packet: delivered };
    }
    const name = world.namespaces.name.get(netns);
    if (confOf(world, device, conf.forwarding) === 0)
      return lost("IP_INADDRERRORS", `${formatIpv4(destination)} is no address of ${name}, which forwards nothing`);
    const { routes, devices } = world;
    const route = fibLookup(world, netns, destination, source, device, packet.mark);
    const out = route === 0 ? 0 : routes.device.get(route);
    if (route === 0) return lost("IP_INNOROUTES", `${name} has no route to ${formatIpv4(destination)}`);
    if (routes.type.get(route) !== routeType.unicast)
      return lost("IP_ROUTE_REFUSES", `a route of ${name} refuses ${formatIpv4(destination)}`, route);
    if (devices.up.get(out) === 0)
      return lost("IP_INNOROUTES", `${devices.name.get(out)}, where the route leads, is down`, route);
    const verdict = validateSource(world, netns, device, source, destination, out);
    if (verdict < 0) return lost(sourceDropReason(verdict), this.#wrongSource(netns, device, packet, verdict));
    if (packet.ttl <= 1) return lost("IP_TTL_EXPIRED", this.#ranOut(packet, name), route);
    if (packet.dontFragment && packet.length > devices.mtu.get(out))
      return lost("PKT_TOO_BIG", this.#tooBig(packet, out), route);
    const onward = { netns, device: out, nextHop: nextHopOf(world, route, destination), route, inDevice: device };
    const forwarded = this.#pass({ ...packet, ttl: packet.ttl - 1 }, hook.forward, onward, question);
    return "kind" in forwarded ? forwarded : this.#leave(forwarded, onward, question);
  }

  #leave(packet: ProbePacket, way: Leaving, question: Question): Fate {
    const passed = this.#pass(packet, hook.postrouting, way, question);
    if ("kind" in passed) return passed;
    const mac = this.#resolve(passed, way, question);
    if (typeof mac !== "number") return mac;
    const { devices } = this.#world;
    const { device, netns, route } = way;
    const fits = { ...passed, length: Math.min(passed.length, devices.mtu.get(device)) };
    const own: Question = { ...question, losses: [] };
    const frame = { source: devices.mac.get(device), destination: mac, packet: fits };
    const arrivals = this.#lan.send(device, frame, own);
    if (arrivals.length > 1) {
      const names = arrivals.map((arrival) => this.#place(arrival.device)).join(" and ");
      const text = `${names} have the same MAC address`;
      return { kind: "lost", netns, device, reason: "DUPLICATE_MAC", text, route, packet, isUncertain: true };
    }
    const [arrival] = arrivals;
    if (arrival !== undefined) return this.#receive(arrival, question);
    const text = `nobody takes what is sent to the MAC address of ${formatIpv4(way.nextHop)}`;
    return own.losses.at(-1) ?? { kind: "lost", netns, device, reason: "OTHERHOST", text, route, packet };
  }

  /** The next hop's MAC address: as an administrator entered it, as it is known from before, or by ARP. */
  #resolve(packet: ProbePacket, { netns, device, nextHop, route }: Leaving, question: Question): MacAddress | Loss {
    const { neighbours, devices, namespaces } = this.#world;
    const row = neighbours.find(device, nextHop);
    if (row !== 0 && (neighbours.state.get(row) & nudValid) !== 0) return neighbours.mac.get(row);
    const known = question.memory.neighbour(device, nextHop);
    if (known !== undefined) return known;
    const own: Question = { ...question, losses: [] };
    const answers = this.#ask(packet, device, nextHop, own);
    const [first] = answers;
    const name = `${namespaces.name.get(netns)}/${devices.name.get(device)}`;
    if (first === undefined) {
      const why = own.losses.at(-1);
      const text = `nobody answers when ${name} asks for the MAC address of ${formatIpv4(nextHop)}`;
      const because = why === undefined ? text : `${text}: at ${this.#place(why.device)} ${why.text}`;
      return { kind: "lost", netns, device, reason: "NEIGH_FAILED", text: because, route, packet };
    }
    if (answers.length > 1) {
      const places = answers.map((one) => this.#place(one.device)).join(" and ");
      const reason = "DUPLICATE_ADDRESS";
      const text = `${places} both answer for ${formatIpv4(nextHop)}`;
      return { kind: "lost", netns, device, reason, text, route, packet, isUncertain: true };
    }
    question.memory.learnNeighbour(device, nextHop, first.mac);
    return first.mac;
  }

  /** ARP: who answers, with which address. Everybody who answers knows the asker then. */
  #ask(
    packet: ProbePacket,
    device: number,
    target: Ipv4Address,
    question: Question,
  ): readonly { readonly device: number; readonly mac: MacAddress }[] {
    const world = this.#world;
    const { devices } = world;
    const mac = devices.mac.get(device);
    const sender = this.#askAs(packet, device, target);
    const arp = arpPacket(arpOperation.request, mac, sender, zeroMac, target);
    const heard = this.#lan.send(device, { source: mac, destination: broadcastMac, packet: undefined }, question);
    return heard.flatMap(({ device: other }) => {
      const answer = ownAnswer(world, other, arp);
      const answers = answer === "yes" || (answer === "no" && sender !== 0 && isProxyFor(world, other, arp));
      if (!answers) {
        if (answer !== "no") this.#noteSilence(other, target, question);
        return [];
      }
      const own = devices.mac.get(other);
      if (sender !== 0) question.memory.learnNeighbour(other, sender, mac);
      const back = this.#lan.send(other, { source: own, destination: mac, packet: undefined }, question);
      return back.some((arrival) => arrival.device === device) ? [{ device: other, mac: own }] : [];
    });
  }

  #noteSilence(device: number, target: Ipv4Address, { losses }: Question): void {
    const netns = this.#world.devices.netns.get(device);
    const text = `${formatIpv4(target)} is not told (arp_ignore or arp_filter)`;
    losses.push({ kind: "lost", netns, device, reason: "NEIGH_FAILED", text });
  }

  /** `arp_announce`. */
  #askAs({ source }: ProbePacket, device: number, target: Ipv4Address): Ipv4Address {
    const world = this.#world;
    const level = confOf(world, device, conf.arpAnnounce);
    const isOurs = level < 2 && isLocalAddress(world, world.devices.netns.get(device), source);
    if (isOurs && (level === 0 || isOnLink(world, device, target, source))) return source;
    return selectSource(world, device, target);
  }

  /** The way of an outer packet: UDP from VTEP to VTEP. */
  #tunnel(device: number, remote: Ipv4Address, frame: ProbeFrame, question: Question): number | undefined {
    const world = this.#world;
    const { vxlans, devices, namespaces } = world;
    const vxlan = vxlans.ofDevice(device);
    const netns = devices.netns.get(device);
    const local = vxlans.local.get(vxlan);
    const lose = (reason: Loss["reason"], text: string): undefined => {
      question.losses.push({ kind: "lost", netns, device, reason, text, packet: frame.packet });
      return undefined;
    };
    if (question.depth >= deepestTunnel) return lose("RECURSION_LIMIT", "the way to the VTEP leads through itself");
    if (local !== 0 && !isLocalAddress(world, netns, local))
      return lose("VXLAN_LOCAL", `its local address ${formatIpv4(local)} is none of this namespace`);
    if (isLocalAddress(world, netns, remote)) return netns;
    const source = local || this.sourceTowards(netns, remote);
    if (source === undefined) return lose("IP_OUTNOROUTES", `no route leads to the VTEP ${formatIpv4(remote)}`);
    const ttl = vxlans.ttl.get(vxlan) || namespaces.defaultTtl.get(netns);
    const outer: ProbePacket = {
      source,
      destination: remote,
      protocol: ipProtocol.udp,
      sourcePort: undefined,
      destinationPort: vxlans.port.get(vxlan),
      tcpFlags: 0,
      icmp: { type: -1, code: -1 },
      length: (frame.packet?.length ?? 28) + vxlanOverhead,
      dontFragment: false,
      ttl,
      firstTtl: ttl,
      mark: 0,
      isTracked: true,
      original: { source, destination: remote },
      isReply: false,
      isRelated: false,
      isLater: false,
    };
    const inner: Question = { ...question, connection: new Map(), losses: [], depth: question.depth + 1 };
    const fate = this.send(netns, outer, source, inner);
    if (fate.kind === "delivered") return fate.netns;
    question.losses.push({ ...fate, text: `on the way to the VTEP ${formatIpv4(remote)} ${fate.text}` });
    return undefined;
  }

  #pass(packet: ProbePacket, number: number, way: Leaving, { connection }: Question): ProbePacket | Loss {
    const { netns, device: outDevice, nextHop, inDevice } = way;
    const passed = this.hooks.pass(
      packet,
      { netns, hook: number, inDevice, outDevice, nextHop, inPort: 0, outPort: 0 },
      connection,
    );
    return passed;
  }

  #tooBig({ length }: ProbePacket, device: number): string {
    const { devices } = this.#world;
    return `it has ${length} bytes, and the MTU of ${devices.name.get(device)} is ${devices.mtu.get(device)}`;
  }

  /** Nobody is so many routers away that the usual time to live does not suffice. */
  #ranOut({ firstTtl }: ProbePacket, name: string): string {
    return firstTtl < farthest
      ? `its time to live of ${firstTtl} runs out at ${name} (net.ipv4.ip_default_ttl of its sender)`
      : `the routes lead round in a circle, by ${name}`;
  }

  #wrongSource(netns: number, device: number, { source }: ProbePacket, verdict: number): string {
    const name = `${this.#world.namespaces.name.get(netns)}`;
    const dev = this.#world.devices.name.get(device);
    if (sourceDropReason(verdict) === "IP_LOCAL_SOURCE")
      return `its source ${formatIpv4(source)} is an address of ${name} itself`;
    const filter = confOf(this.#world, device, conf.rpFilter);
    return `an answer to ${formatIpv4(source)} would not leave by ${dev}, where it came in, and rp_filter is ${filter} there`;
  }

  #place(device: number): string {
    const { devices, namespaces } = this.#world;
    return `${namespaces.name.get(devices.netns.get(device))}/${devices.name.get(device)}`;
  }
}
