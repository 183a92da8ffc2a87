import type { Target } from "../../config/iptables/rule-set.ts";
import { masquerade, setupNat } from "../conntrack/nat/setup.ts";
import { ctInfo } from "../conntrack/status.ts";
import type { DropReason } from "../drop-reason.ts";
import type { World } from "../world.ts";
import { logPacket } from "./log.ts";
import { hook } from "./position.ts";
import type { Subject } from "./subject.ts";

/** On to the next rule, out of the table, or lost. */
export type TargetVerdict = "continue" | "accept" | DropReason;

type OtherTarget = Exclude<Target, { target: "ACCEPT" | "DROP" | "RETURN" | "jump" | "goto" | "REJECT" }>;

/** What a rule does that neither decides by itself nor leads to another chain. */
export function applyTarget(world: World, subject: Subject, target: OtherTarget): TargetVerdict {
  switch (target.target) {
    case "MARK":
      setMark(world, subject.packet, target.value, target.mask);
      return "continue";
    case "LOG":
      logPacket(world, subject, target);
      return "continue";
    case "CONNMARK":
      applyConnmark(world, subject.packet, target);
      return "continue";
    case "NOTRACK":
      dontTrack(world, subject.packet);
      return "continue";
    default:
      return translate(world, subject, target);
  }
}

/** net/netfilter/xt_mark.c, `mark_tg`. */
function setMark({ packets }: World, packet: number, value: number, mask: number): void {
  packets.mark.set(packet, (packets.mark.get(packet) & ~mask) ^ value);
}

/** net/netfilter/xt_connmark.c: the connection's mark, or copied from there to the packet or back. */
function applyConnmark(world: World, packet: number, target: Extract<Target, { target: "CONNMARK" }>): void {
  const { packets, conntrack } = world;
  const connection = packets.connection.get(packet);
  if (connection === 0) return;
  const { value, packetMask, connectionMask } = target;
  const ofConnection = conntrack.mark.get(connection);
  const ofPacket = packets.mark.get(packet);
  switch (target.operation) {
    case "set-xmark":
      return conntrack.mark.set(connection, (ofConnection & ~connectionMask) ^ value);
    case "save-mark":
      return conntrack.mark.set(connection, (ofConnection & ~connectionMask) ^ (ofPacket & packetMask));
    case "restore-mark":
      return packets.mark.set(packet, (ofPacket & ~packetMask) ^ (ofConnection & connectionMask));
  }
}

/** net/netfilter/xt_CT.c: nobody shall look for a connection. */
export function dontTrack({ packets }: World, packet: number): void {
  if (packets.connection.get(packet) === 0) packets.ctInfo.set(packet, ctInfo.untracked);
}

type NatTarget = Extract<Target, { target: "DNAT" | "SNAT" | "MASQUERADE" | "REDIRECT" }>;

/** What a rule of NAT does with a new connection. */
export function translate(world: World, { packet, at }: Subject, { target, range }: NatTarget): TargetVerdict {
  switch (target) {
    case "DNAT":
      return setupNat(world, packet, "destination", range);
    case "SNAT":
      return setupNat(world, packet, "source", range);
    case "MASQUERADE":
      return masquerade(world, packet, at.outDevice, range);
    case "REDIRECT": {
      const address = at.hook === hook.output ? loopbackAddress : firstAddress(world, at.inDevice);
      if (address === undefined) return "NETFILTER_DROP";
      return setupNat(world, packet, "destination", { ...range, addresses: { first: address, last: address } });
    }
  }
}

const loopbackAddress = 0x7f00_0001;

/** `nf_nat_redirect_ipv4`: the first primary address of the interface that the packet came in by. */
function firstAddress({ addresses }: World, device: number): number | undefined {
  const row = addresses.ofDevice(device).find((one) => !addresses.isSecondary(one));
  return row === undefined ? undefined : addresses.address.get(row);
}
