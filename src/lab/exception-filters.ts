import { dropReasonOf } from "../linux/drop.ts";
import type { DropReason } from "../linux/drop-reason.ts";
import { stage, stageNames } from "../linux/stage.ts";
import type { World } from "../linux/world.ts";
import type { NextEvent } from "../sim/simulation.ts";
import { dropExplanation } from "./drop-text.ts";
import { hasBecomeInvalid } from "./exceptions/invalid.ts";
import { brokenModel } from "./exceptions/model.ts";

/** What goes wrong, by kind: what a debugger of programs calls exceptions. */
export interface ExceptionFilter {
  /** The filter's id in the protocol. */
  readonly filter: string;
  readonly label: string;
  readonly description: string;
  readonly stages: readonly number[];
  matches(world: World, event: NextEvent): boolean;
}

const drops = [stage.drop];

function byReason(...reasons: readonly DropReason[]): ExceptionFilter["matches"] {
  return (world, { walker }) => walker !== 0 && reasons.includes(dropReasonOf(world, walker));
}

export const exceptionFilters: readonly ExceptionFilter[] = [
  {
    filter: "drop",
    label: "Dropped packets",
    description: "Stops before any packet is dropped; drop.reason in a condition picks some",
    stages: drops,
    matches: (_world, { walker }) => walker !== 0,
  },
  {
    filter: "policy",
    label: "Dropped by a rule",
    description: "Stops where a rule or a chain's policy drops a packet",
    stages: drops,
    matches: byReason("NETFILTER_DROP"),
  },
  {
    filter: "reject",
    label: "Rejected by a rule",
    description: "Stops where a rule rejects a packet and tells its sender",
    stages: [stage.nfReject],
    matches: () => true,
  },
  {
    filter: "invalid",
    label: "Conntrack state INVALID",
    description: "Stops where a packet belongs to no connection and can begin none",
    stages: stageNames.flatMap((_, number) => (number === 0 ? [] : [number])),
    matches: (world, event) => hasBecomeInvalid(world, event),
  },
  {
    filter: "model",
    label: "Kubernetes' network model broken",
    description: "Stops where a pod's packet is about to be translated on its way to another pod",
    stages: [stage.natTranslate],
    matches: (world, event) => brokenModel(world, event) !== undefined,
  },
  {
    filter: "arp",
    label: "ARP failures",
    description: "Stops where nobody answered for the next hop, or where the neighbour table is full",
    stages: drops,
    matches: byReason("NEIGH_FAILED", "NEIGH_QUEUEFULL", "NEIGH_CREATEFAIL"),
  },
  {
    filter: "route",
    label: "No way there",
    description: "Stops where no route leads to the destination, or where the machine does not forward",
    stages: drops,
    matches: byReason(
      "IP_OUTNOROUTES",
      "IP_INNOROUTES",
      "IP_ROUTE_REFUSES",
      "IP_INADDRERRORS",
      "IP_RPFILTER",
      "NO_WAY_BACK",
    ),
  },
  {
    filter: "ttl",
    label: "Time to live exceeded",
    description: "Stops where a packet's TTL runs out",
    stages: drops,
    matches: byReason("IP_TTL_EXPIRED"),
  },
  {
    filter: "mtu",
    label: "Too big for the MTU",
    description: "Stops where a packet is too big and must not be fragmented",
    stages: drops,
    matches: byReason("PKT_TOO_BIG", "VETH_PEER_MTU"),
  },
  {
    filter: "collision",
    label: "Collisions",
    description: "Stops where two stations of a hub transmit at once",
    stages: [stage.hubCollision],
    matches: () => true,
  },
];

/** What is wrong with the packet that stands before this event; undefined where nothing is. */
export function exceptionOf(
  world: World,
  event: NextEvent,
): { readonly id: string; readonly description: string } | undefined {
  if (event.stage === stage.drop && event.walker !== 0)
    return { id: dropReasonOf(world, event.walker), description: dropExplanation(world, event.walker) };
  if (event.stage === stage.nfReject)
    return { id: "REJECT", description: "A rule rejects it: its sender will be told" };
  if (event.stage === stage.hubCollision)
    return { id: "COLLISION", description: "Two stations of the hub transmit at once" };
  if (hasBecomeInvalid(world, event))
    return { id: "INVALID", description: "It belongs to no connection that conntrack knows, and can begin none" };
  const broken = brokenModel(world, event);
  if (broken !== undefined) return { id: "MODEL_BROKEN", description: broken };
  return undefined;
}
