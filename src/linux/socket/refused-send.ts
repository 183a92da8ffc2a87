import { ipOf } from "../netfilter/packet-ip.ts";
import { deliverInput } from "../process/inbox.ts";
import { socketKind } from "../sockets.ts";
import type { World } from "../world.ts";

/**
 * Rules on the way out have dropped what a program sent: its sendto(2) fails with EPERM (`nf_hook_slow`). TCP takes it for
 * lost, and sends it again (`tcp_connect` heeds no error but ECONNREFUSED).
 */
export function refuseSend(world: World, packet: number): void {
  const { packets, sockets } = world;
  const { process, causedBy } = packets.origin.get(packet);
  if (process === 0 || causedBy !== undefined || packets.inDevice.get(packet) !== 0) return;
  const { payload } = ipOf(world, packet);
  const port =
    payload.kind === "udp" ? payload.sourcePort : payload.kind === "icmp-echo" ? payload.identifier : undefined;
  const kind = payload.kind === "udp" ? socketKind.udp : socketKind.ping;
  const socket = sockets
    .allOfProcess(process)
    .find((row) => sockets.kind.get(row) === kind && sockets.localPort.get(row) === port);
  if (socket === undefined) return;
  deliverInput(world, process, { kind: "error", socket: sockets.number.get(socket), error: "EPERM" });
}
