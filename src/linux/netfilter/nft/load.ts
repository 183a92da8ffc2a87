import { typeTraits } from "../../../config/nft/data-types.ts";
import { protocolOf } from "../../../config/nft/dependencies.ts";
import type { FieldName } from "../../../config/nft/rule-set.ts";
import { ipProtocol, protocolNumber } from "../../../wire/ipv4.ts";
import { connectionState } from "../../conntrack/state.ts";
import { directionOf } from "../../conntrack/status.ts";
import type { World } from "../../world.ts";
import { addressType } from "../match.ts";
import { portsOf, type Subject } from "../subject.ts";

/** What a rule asks for: undefined where the packet has no such thing, and then the rule does not match (`NFT_BREAK`). */
export function load(world: World, field: FieldName, subject: Subject): number | string | undefined {
  const { ip, at, packet } = subject;
  switch (field) {
    case "ip saddr":
      return ip.source;
    case "ip daddr":
      return ip.destination;
    case "ip protocol":
    case "meta l4proto":
      return protocolNumber(ip.payload);
    case "ip ttl":
      return ip.ttl;
    case "ip length":
    case "meta length":
      return ip.totalLength;
    case "meta nfproto":
      return ipv4Family;
    case "meta mark":
      return world.packets.mark.get(packet) >>> 0;
    case "iifname":
      return at.inDevice === 0 ? "" : world.devices.name.get(at.inDevice);
    case "oifname":
      return at.outDevice === 0 ? "" : world.devices.name.get(at.outDevice);
    case "fib saddr type":
      return routeTypeOf(world, subject, ip.source);
    case "fib daddr type":
      return routeTypeOf(world, subject, ip.destination);
    case "icmp type":
    case "icmp code":
      return loadIcmp(field, subject);
    default:
      return field.startsWith("ct ") ? loadConnection(world, field, subject) : loadPort(field, subject);
  }
}

/** `NFPROTO_IPV4`. */
const ipv4Family = 2;

function routeTypeOf(world: World, { netns }: Subject, address: number): number {
  return typeTraits.fib_addrtype.names?.[addressType(world, netns, 0, address).toLowerCase()] ?? 0;
}

function loadIcmp(field: FieldName, { ip }: Subject): number | undefined {
  const { payload } = ip;
  if (ip.fragmentOffset !== 0 || payload.kind === "udp" || payload.kind === "tcp" || payload.kind === "raw")
    return undefined;
  if (field === "icmp type") return payload.type;
  return payload.kind === "icmp-echo" ? 0 : payload.code;
}

/** `th` is whatever protocol the packet has; others have their own name. */
function loadPort(field: FieldName, { ip }: Subject): number | undefined {
  const ports = portsOf(ip);
  if (ports === undefined) return undefined;
  const protocol = protocolOf({ field });
  if (protocol !== undefined && ports.protocol !== protocol) return undefined;
  return field.endsWith("sport") ? ports.source : ports.destination;
}

/** net/netfilter/nft_ct.c. */
function loadConnection(world: World, field: FieldName, { packet }: Subject): number | undefined {
  const { packets, conntrack } = world;
  if (field === "ct state") return typeTraits.ct_state.names?.[connectionState(world, packet).toLowerCase()];
  const connection = packets.connection.get(packet);
  if (connection === 0) return undefined;
  switch (field) {
    case "ct status":
      return conntrack.status.get(connection) & knownStatus;
    case "ct mark":
      return conntrack.mark.get(connection) >>> 0;
    case "ct direction":
      return directionOf(packets.ctInfo.get(packet));
    case "ct protocol":
      return conntrack.original.get(connection).protocol;
    default: {
      const tuple = field.startsWith("ct original") ? conntrack.original : conntrack.reply;
      return partOf(tuple.get(connection), field);
    }
  }
}

/** Bits that the simulated connection's status has for itself are none of the kernel's. */
const knownStatus = 0x3ff;

function partOf(
  tuple: {
    readonly protocol: number;
    readonly source: number;
    readonly destination: number;
    readonly sourcePort: number;
    readonly destinationPort: number;
  },
  field: FieldName,
): number | undefined {
  if (field.endsWith("saddr")) return tuple.source;
  if (field.endsWith("daddr")) return tuple.destination;
  if (tuple.protocol === ipProtocol.icmp) return undefined;
  return field.endsWith("proto-src") ? tuple.sourcePort : tuple.destinationPort;
}
