import { isReply } from "../../linux/conntrack/status.ts";
import { ipOf } from "../../linux/netfilter/packet-ip.ts";
import { hook } from "../../linux/netfilter/position.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { NextEvent } from "../../sim/simulation.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";

/**
 * "Pods can communicate with all other pods without NAT" (Kubernetes documentation, Services, Load Balancing, and Networking): says
 * which pod's packet is about to be translated on its way to which pod; undefined where none is. That a Service's address becomes an
 * endpoint's is no break, nor that a pod that calls itself through a Service is masqueraded.
 */
export function brokenModel(world: World, { walker, stage: at }: NextEvent): string | undefined {
  if (at !== stage.natTranslate || walker === 0) return undefined;
  const { packets, conntrack } = world;
  const connection = packets.connection.get(walker);
  if (connection === 0 || packets.ctInfo.get(walker) >= isReply) return undefined;
  const { source } = conntrack.original.get(connection);
  const { destination } = ipOf(world, walker);
  if (destination === source) return undefined;
  const from = podWith(world, source);
  const to = podWith(world, destination);
  if (from === undefined || to === undefined) return undefined;
  const isSource = packets.hookAt.get(walker)?.hook === hook.postrouting;
  const side = isSource ? `source ${formatIpv4(source)}` : `destination ${formatIpv4(destination)}`;
  return `The ${side} of a packet from pod ${from} to pod ${to} is about to be translated`;
}

function podWith({ addresses, namespaces }: World, address: Ipv4Address): string | undefined {
  for (const row of addresses.table.rows()) {
    if (addresses.address.get(row) !== address) continue;
    const netns = addresses.netns.get(row);
    if (namespaces.role.get(netns) === "pod") return namespaces.name.get(netns);
  }
  return undefined;
}
