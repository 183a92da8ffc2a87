import type { ConntrackDelete } from "../../config/conntrack-command.ts";
import type { ConntrackCommand } from "../../plan/commands.ts";
import type { CommandFailure } from "../setup/failure.ts";
import type { World } from "../world.ts";
import { status } from "./status.ts";

const protocolNumbers = { icmp: 1, tcp: 6, udp: 17 } as const;

/** `conntrack -D`: forgets the connections that are as the command says (`ctnetlink_del_conntrack`, one by one). */
export function deleteConnections(world: World, netns: number, command: ConntrackCommand): CommandFailure {
  const { conntrack } = world;
  const found = conntrack.ofNetns(netns).filter((row) => isListed(world, row) && isSelected(world, row, command));
  for (const row of found) conntrack.kill(row);
  const isFlush = Object.values(conditionsOf(command)).every((condition) => condition === undefined);
  if (found.length > 0 || isFlush || command.mayFindNone) return undefined;
  return "conntrack v1.4.7 (conntrack-tools): 0 flow entries have been deleted.";
}

function conditionsOf({
  do: _do,
  netns: _netns,
  source: _source,
  mayFindNone: _none,
  ...conditions
}: ConntrackCommand) {
  return conditions;
}

/** What `conntrack -L` lists: what is in the table, once. */
export function isListed({ conntrack }: World, row: number): boolean {
  return conntrack.has(row, status.confirmed) && !conntrack.has(row, status.natClash);
}

/** Whether a connection is as the conditions of `conntrack -D` or `-L` say. */
export function isSelected({ conntrack }: World, row: number, command: ConntrackDelete): boolean {
  const [original, reply] = [conntrack.original.get(row), conntrack.reply.get(row)];
  const protocol = command.protocol && protocolNumbers[command.protocol];
  const equals: readonly (readonly [asked: number | undefined, found: number])[] = [
    [protocol, original.protocol],
    [command.originalSource, original.source],
    [command.originalDestination, original.destination],
    [command.originalSourcePort, original.sourcePort],
    [command.originalDestinationPort, original.destinationPort],
    [command.replySource, reply.source],
    [command.replyDestination, reply.destination],
    [command.replySourcePort, reply.sourcePort],
    [command.replyDestinationPort, reply.destinationPort],
  ];
  return equals.every(([asked, found]) => asked === undefined || asked === found);
}
