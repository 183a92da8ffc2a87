import type { PacketData } from "../../linux/packets.ts";
import type { World } from "../../linux/world.ts";
import { parseFrame } from "../../wire/ethernet.ts";
import { type Ipv4Packet, parseIpv4Packet } from "../../wire/ipv4.ts";
import { isMalformed, type Malformed } from "../../wire/malformed.ts";
import { bytesOf } from "../inspect/layers.ts";
import type { Change } from "./set-row.ts";
import { Refused } from "./values.ts";

/**
 * What a packet carries, written anew as bytes in hexadecimal digits. They stay as they are, wrong checksums too, so they must be
 * what the simulator can carry: a packet of the same protocols, as long as before.
 */
export function writeBytes(world: World, packet: number, digits: string): Change | Refused {
  const { packets } = world;
  const data = packets.data.get(packet);
  if (data === null || !/^([0-9a-f]{2})+$/i.test(digits))
    return new Refused(`"${digits}" are no bytes in hexadecimal digits`);
  const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  if (bytes.length !== bytesOf(data).length) return new Refused("The packet's length cannot be changed");
  const parsed: PacketData | Malformed = "ttl" in data ? parseIpv4Packet(bytes) : parseFrame(bytes);
  if (isMalformed(parsed)) return new Refused(`These bytes are no packet: ${parsed.reason}`);
  if (kindsOf(parsed) !== kindsOf(data))
    return new Refused(`These bytes are no ${kindsOf(data)} any more: they read as ${kindsOf(parsed)}`);
  if (!isEqual(bytesOf(parsed), bytes)) return new Refused("The simulator has no packet that is these bytes");
  return () => {
    packets.data.set(packet, parsed);
    return undefined;
  };
}

/** The protocols of a packet: `ipv4 tcp`. */
function kindsOf(data: PacketData): string {
  if ("ttl" in data) return ipKinds(data);
  return data.payload.kind === "ipv4" ? `frame of ${ipKinds(data.payload)}` : `frame of ${data.payload.kind}`;
}

function ipKinds({ payload }: Ipv4Packet): string {
  return `ipv4 ${payload.kind}`;
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
