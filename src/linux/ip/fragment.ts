import { never } from "../../sim/timers.ts";
import { type EthernetFrame, ethernetFrame } from "../../wire/ethernet.ts";
import {
  emitIpv4Packet,
  type Ipv4Packet,
  ipv4HeaderLength,
  ipv4Packet,
  parseIpv4Packet,
  protocolNumber,
  rawIpPayload,
} from "../../wire/ipv4.ts";
import { isMalformed } from "../../wire/malformed.ts";
import { drop } from "../drop.ts";
import { ipOf } from "../netfilter/packet-ip.ts";
import { isRefusedAtOnce } from "../socket/refused-send.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { sendIcmpErrorFor } from "./icmp-error.ts";

/** net.ipv4.ipfrag_time. */
const reassemblyTimeNs = 30_000_000_000;

export function registerFragments(world: World): void {
  world.sim.on(stage.ipFragment, (packet) => fragment(world, packet));
  world.sim.on(stage.ipReassemblyTimeout, (row) => timedOut(world, row));
}

export function isFragment(ip: Ipv4Packet): boolean {
  return ip.moreFragments || ip.fragmentOffset !== 0;
}

/** `ip_do_fragment` (net/ipv4/ip_output.c): pieces that fit the MTU, all but the last a multiple of eight bytes long. */
function fragment(world: World, packet: number): void {
  const { packets, sim } = world;
  const data = packets.data.get(packet) as EthernetFrame | Ipv4Packet;
  // A bridge that calls the hooks of IPv4 takes apart again what these put together (`br_nf_dev_queue_xmit`).
  const frame = "ttl" in data ? undefined : data;
  const ip = ipOf(world, packet);
  const room = (packets.fragmentMtu.get(packet) - ipv4HeaderLength) & ~7;
  const bytes = emitIpv4Packet(ip).subarray(ipv4HeaderLength + (ip.options?.length ?? 0));
  // The first piece that a device does not take ends it: the others are not sent.
  const isRefused = frame === undefined && isRefusedNow(world, packet, Math.min(room, bytes.length));
  const most = isRefused || isSentByProcess(world, packet) ? 1 : Math.ceil(bytes.length / room);
  const pieces: number[] = [];
  let offset = 0;
  for (; offset < bytes.length && pieces.length < most; offset += room) {
    const isLast = offset + room >= bytes.length;
    const part = pieceOf(ip, bytes.subarray(offset, offset + room), offset, ip.moreFragments || !isLast);
    pieces.push(makePiece(world, packet, part, frame));
  }
  if (offset < bytes.length && !isRefused) {
    packets.data.set(packet, pieceOf(ip, bytes.subarray(offset), offset, ip.moreFragments));
    sim.underWay.pop();
    world.sends.push(packet, world.nowNs);
  } else packets.end(packet);
  for (let i = pieces.length - 1; i >= 0; i--) sim.underWay.push(pieces[i]);
}

function isRefusedNow(world: World, packet: number, bytes: number): boolean {
  const { outDevice, nextHop } = world.packets;
  return isRefusedAtOnce(world, outDevice.get(packet), nextHop.get(packet), ipv4HeaderLength + bytes);
}

/**
 * A process that sends is interrupted after each piece: the kernel first does what the piece gave rise to, on all of the
 * machine's links. What the kernel itself sends (replies, forwarded packets) leaves in one go.
 */
function isSentByProcess({ packets }: World, packet: number): boolean {
  const { process, causedBy } = packets.origin.get(packet);
  return process !== 0 && causedBy === undefined && packets.inDevice.get(packet) === 0;
}

function makePiece(world: World, packet: number, part: Ipv4Packet, frame: EthernetFrame | undefined): number {
  const { packets, devices } = world;
  const device = packets.outDevice.get(packet);
  const next = frame === undefined ? stage.neighOutput : devices.transmitStage.get(device);
  const piece = packets.copy(packet, device, next, packets.origin.get(packet).flooded);
  packets.data.set(piece, frame === undefined ? part : ethernetFrame(frame.destination, frame.source, part));
  packets.outDevice.set(piece, device);
  packets.nextHop.set(piece, packets.nextHop.get(packet));
  return piece;
}

function pieceOf(ip: Ipv4Packet, bytes: Uint8Array, offset: number, moreFragments: boolean): Ipv4Packet {
  return ipv4Packet({
    ...ip,
    checksum: undefined,
    fragmentOffset: ip.fragmentOffset + offset,
    moreFragments,
    payload: rawIpPayload(protocolNumber(ip.payload), bytes),
  });
}

/** `ip_defrag`: the packet under way waits as bytes until the last piece is there, which then carries on as the whole. */
export function reassemble(
  world: World,
  packet: number,
  piece: Ipv4Packet,
  carryOn: (world: World, packet: number, whole: Ipv4Packet) => void,
): void {
  const { fragments, packets } = world;
  const netns = packets.netns.get(packet);
  const row = fragments.find(netns, piece) || fragments.add(netns, piece);
  const pieces = [...fragments.pieces.get(row).filter((other) => other.fragmentOffset !== piece.fragmentOffset), piece];
  pieces.sort((a, b) => a.fragmentOffset - b.fragmentOffset);
  const whole = join(pieces);
  if (whole === undefined) {
    if (fragments.timer.get(row) === never) fragments.timer.set(row, world.timerNs(world.nowNs + reassemblyTimeNs));
    fragments.pieces.set(row, pieces);
    packets.end(packet);
    return;
  }
  fragments.timer.set(row, never);
  fragments.table.remove(row);
  const parsed = parseIpv4Packet(whole);
  if (isMalformed(parsed)) return drop(world, packet, "NOT_SPECIFIED");
  const frame = packets.data.get(packet) as EthernetFrame;
  packets.data.set(packet, ethernetFrame(frame.destination, frame.source, parsed));
  // `frag_max_size`: where it goes on, its pieces are no larger than those that came.
  packets.fragmentMtu.set(packet, Math.max(...pieces.map(({ totalLength }) => totalLength)));
  carryOn(world, packet, parsed);
}

/** The whole packet's bytes, or undefined while a piece is missing. */
function join(pieces: readonly Ipv4Packet[]): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const piece of pieces) {
    if (piece.fragmentOffset !== end) return undefined;
    const bytes = emitIpv4Packet(piece).subarray(ipv4HeaderLength + (piece.options?.length ?? 0));
    parts.push(bytes);
    end += bytes.length;
  }
  if (pieces[pieces.length - 1].moreFragments) return undefined;
  const data = new Uint8Array(end);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  const first = pieces[0];
  const payload = rawIpPayload(protocolNumber(first.payload), data);
  return emitIpv4Packet(
    ipv4Packet({ ...first, checksum: undefined, moreFragments: false, fragmentOffset: 0, payload }),
  );
}

/** `ip_expire`: the sender is told if the first piece came. */
function timedOut(world: World, row: number): void {
  const { fragments } = world;
  const first = fragments.pieces.get(row)[0];
  if (first.fragmentOffset === 0) sendIcmpErrorFor(world, fragments.netns.get(row), first, 11, 1);
  fragments.table.remove(row);
}
