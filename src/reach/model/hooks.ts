import type { RuleTable, TableName } from "../../config/iptables/rule-set.ts";
import { type HookName, hookNames } from "../../config/iptables/rule-set.ts";
import type { NftTable } from "../../config/nft/rule-set.ts";
import { selectSource } from "../../linux/ip/source.ts";
import { liveRuleSet } from "../../linux/netfilter/nft/setup.ts";
import type { HookStep } from "../../linux/netfilter/position.ts";
import { tracksConnections, translatesAddresses } from "../../linux/netfilter/registered.ts";
import { ruleTables } from "../../linux/netfilter/rule-tables.ts";
import type { World } from "../../linux/world.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import type { Ending, Flow } from "../netfilter/flow.ts";
import { NftWalk } from "../netfilter/nft-walk.ts";
import type { NodeSets } from "../netfilter/node-sets.ts";
import { TraceRecord } from "../netfilter/trace-record.ts";
import { RuleWalk } from "../netfilter/walk.ts";
import type { Connection, Loss, ProbePacket } from "./packet.ts";

/** Where a packet is when it comes to a hook. */
export interface AtHook {
  readonly netns: number;
  readonly hook: number;
  /** 0 where there is none. */
  readonly inDevice: number;
  readonly outDevice: number;
  readonly nextHop: Ipv4Address;
  /** The ports of the bridge that calls the hook; 0 where none does. */
  readonly inPort: number;
  readonly outPort: number;
  /** Table nat was asked when it was sent. */
  readonly isDecided?: boolean;
}

interface Rules {
  readonly iptables: readonly RuleTable[];
  /** By their families and names. */
  readonly nft: ReadonlyMap<string, NftTable>;
}

/** Steps that no rules decide. */
function isWork(step: HookStep): step is Exclude<HookStep, TableName | { readonly chain: number }> {
  return step === "defragment" || step === "track" || step === "translate" || step === "confirm";
}

/** Netfilter without packets: what the rules of a namespace do with one at a hook. */
export class Hooks {
  readonly #world: World;
  /** For each namespace its rules as values. */
  readonly #rules = new Map<number, Rules>();
  readonly #own = new Map<number, ReadonlySet<Ipv4Address>>();
  #asked = 0;

  constructor(world: World) {
    this.#world = world;
  }

  #rulesOf(netns: number): Rules {
    return known(this.#rules, netns, () => ({
      iptables: ruleTables(this.#world, netns),
      nft: new Map(liveRuleSet(this.#world, netns).tables.map((table) => [`${table.family} ${table.name}`, table])),
    }));
  }

  /** How often a packet has come to a hook where something stands. */
  get asked(): number {
    return this.#asked;
  }

  /** Whether anything stands at the hook. */
  isHooked(netns: number, hookNumber: number): boolean {
    return ((this.#world.namespaces.hooks.get(netns) >>> hookNumber) & 1) === 1;
  }

  /** The packet as it goes on, or why it does not; a translation is such a reason, too. */
  pass(packet: ProbePacket, at: AtHook, connection: Connection): ProbePacket | Loss {
    if (!this.isHooked(at.netns, at.hook)) return packet;
    this.#asked++;
    const anew = beginsAnew(packet, connection.get(at.netns)) ? asFirst(packet) : packet;
    const passed = this.#passSteps(anew, at, connection, packet);
    return "kind" in passed ? passed : { ...packet, mark: passed.mark, isTracked: passed.isTracked };
  }

  /** `sent` is the packet as its sender knows it. */
  #passSteps(packet: ProbePacket, at: AtHook, connection: Connection, sent: ProbePacket): ProbePacket | Loss {
    const record = new TraceRecord();
    const isTracking = tracksConnections(this.#world, at.netns);
    let flows: readonly Flow[] = [this.#flowOf(packet, at, connection)];
    for (const step of this.#world.namespaces.hookSteps.get(at.netns)[at.hook]) {
      if (step === "track" && isTracking && flows.some(({ tracked }) => tracked)) note(connection, at.netns, sent);
      flows = this.#passStep(step, flows, packet, at, record);
    }
    return (
      refused(record.endings, flows, packet, at) ??
      this.#translated(flows, packet, at) ?? { ...packet, mark: flows[0].mark, isTracked: flows[0].tracked }
    );
  }

  #passStep(
    step: HookStep,
    flows: readonly Flow[],
    packet: ProbePacket,
    at: AtHook,
    record: TraceRecord,
  ): readonly Flow[] {
    if (isWork(step) || flows.length === 0) return flows;
    const isNat = step === "nat" || (typeof step === "object" && step.type === "nat");
    if (isNat && !this.#mayTranslate(packet, at)) return flows;
    const [rules, own, name] = [this.#rulesOf(at.netns), this.#ownAddresses(at.netns), hookNames[at.hook] as HookName];
    if (typeof step === "string")
      return new RuleWalk(rules.iptables, own, record, this.#setsOf(at.netns)).pass(step, name, flows);
    const { netfilter, nftTables } = this.#world;
    const table = rules.nft.get(nftTables.nameOf(netfilter.nftTableOf(step.chain)));
    const chain = table?.chains.find((one) => one.name === netfilter.chainName.get(step.chain));
    return table && chain ? new NftWalk(table, own, record).pass(chain, name, flows) : flows;
  }

  #setsOf(netns: number): NodeSets {
    const { ipSets } = this.#world;
    return new Map(ipSets.ofNetns(netns).map((row) => [ipSets.name.get(row), ipSets.entries.get(row)]));
  }

  #mayTranslate(packet: ProbePacket, { netns, isDecided }: AtHook): boolean {
    return isFirst(packet) && isDecided !== true && translatesAddresses(this.#world, netns);
  }

  #flowOf(packet: ProbePacket, at: AtHook, connection: Connection): Flow {
    const { devices } = this.#world;
    const name = (device: number) => (device === 0 ? "" : devices.name.get(device));
    const { source, destination, protocol, sourcePort, destinationPort, original, mark, isReply, icmp } = packet;
    return {
      source,
      destination,
      protocol,
      sourcePort,
      destinationPort,
      original: { ...original, port: isReply ? (sourcePort ?? 0) : destinationPort },
      mark,
      connectionMark: 0,
      tracked: packet.isTracked,
      destinationTranslated: false,
      sourceTranslated: false,
      accepted: false,
      inDevice: name(at.inDevice),
      outDevice: name(at.outDevice),
      state: stateOf(packet, connection.get(at.netns)),
      isReply,
      icmp,
      tcpFlags: packet.tcpFlags,
      bridgePorts: { in: name(at.inPort), out: name(at.outPort) },
    };
  }

  /** A rule that gives a packet the addresses that it has already translates nothing. */
  #translated(flows: readonly Flow[], packet: ProbePacket, at: AtHook): Loss | undefined {
    for (const flow of flows) {
      const { translatedBy: rule } = flow;
      if (rule === undefined) continue;
      const source = flow.isMasqueraded ? selectSource(this.#world, at.outDevice, at.nextHop) : flow.source;
      if (source === packet.source && flow.destination === packet.destination) continue;
      if (source === 0) {
        const text = "MASQUERADE finds no address on the interface that it leaves by";
        return lossAt(at, packet, { reason: "NAT_NO_ADDRESS", text, rule });
      }
      const text =
        source === packet.source
          ? `its destination ${formatIpv4(packet.destination)} is translated to ${formatIpv4(flow.destination)}`
          : `its source ${formatIpv4(packet.source)} is translated to ${formatIpv4(source)}`;
      return lossAt(at, packet, { reason: "TRANSLATED", text, rule, isUncertain: flows.length > 1 });
    }
    return undefined;
  }

  #ownAddresses(netns: number): ReadonlySet<Ipv4Address> {
    return known(this.#own, netns, () => {
      const { addresses, namespaces, devices } = this.#world;
      const own = new Set<Ipv4Address>();
      for (let device = namespaces.firstDevice.get(netns); device !== 0; device = devices.nextInNetns.get(device))
        for (const row of addresses.ofDevice(device)) own.add(addresses.address.get(row));
      return own;
    });
  }
}

function isFirst({ isReply, isRelated, isLater }: ProbePacket): boolean {
  return !isReply && !isRelated && !isLater;
}

function asFirst(packet: ProbePacket): ProbePacket {
  const { source, destination } = packet;
  return { ...packet, isReply: false, original: { source, destination } };
}

function note(connection: Connection, netns: number, packet: ProbePacket): void {
  const known = connection.get(netns);
  if (packet.isReply && known === "begun") connection.set(netns, "answered");
  if (known === undefined && isFirst(packet)) connection.set(netns, "begun");
  if (beginsAnew(packet, known)) connection.set(netns, "reversed");
}

/** Who has not seen the datagram that this one answers takes it for the first of its kind; of ICMP and TCP it would be invalid. */
function beginsAnew({ protocol, isReply }: ProbePacket, known: ReturnType<Connection["get"]>): boolean {
  return protocol === ipProtocol.udp && isReply && (known === undefined || known === "reversed");
}

/**
 * Who sees TCP's third packet and has missed the second holds it for invalid; who has seen none takes it for the first of a
 * connection that is under way (nf_conntrack_proto_tcp.c, `tcp_conntracks`; `nf_conntrack_tcp_loose`).
 */
function stateOf(packet: ProbePacket, known: ReturnType<Connection["get"]>): NonNullable<Flow["state"]> {
  if (isFirst(packet)) return "NEW";
  if (packet.isLater && known !== "answered") return known === undefined ? "NEW" : "INVALID";
  if (known === undefined) return "INVALID";
  return packet.isRelated ? "RELATED" : "ESTABLISHED";
}

function refused(
  endings: readonly Ending[],
  onward: readonly Flow[],
  packet: ProbePacket,
  at: AtHook,
): Loss | undefined {
  const ending = endings.find(({ verdict }) => verdict !== "ACCEPT");
  if (ending === undefined) return undefined;
  const isUncertain = onward.length > 0;
  const what = ending.verdict === "REJECT" ? "rejects" : "drops";
  const who = ending.by?.rule === undefined ? `the policy of ${ending.by?.chain}` : "a rule";
  const text = `${who} ${isUncertain ? `now and then ${what}` : what} it`;
  return lossAt(at, packet, { reason: "NETFILTER_DROP", text, rule: ending.by, isUncertain });
}

function lossAt(at: AtHook, packet: ProbePacket, why: Pick<Loss, "reason" | "text" | "rule" | "isUncertain">): Loss {
  return { kind: "lost", netns: at.netns, device: at.inDevice || at.outDevice, packet, ...why };
}

function known<Key, Value>(cache: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = cache.get(key);
  if (value === undefined) {
    value = make();
    cache.set(key, value);
  }
  return value;
}
