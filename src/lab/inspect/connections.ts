import { natMask, status } from "../../linux/conntrack/status.ts";
import { tcpStateNames } from "../../linux/conntrack/tcp-state.ts";
import type { World } from "../../linux/world.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import { deviceName } from "../names.ts";
import type { Inspection } from "../protocol.ts";
import { printDurationNs } from "./duration.ts";
import { printEvidence } from "./print.ts";
import { printConnection, printFlow, printSource, printTarget, printTuple, protocolName } from "./print-connection.ts";
import { belowNetns } from "./shown-machines.ts";
import { type ShownRow, tableId } from "./shown-row.ts";
import { type TableRows, tableRows } from "./tables.ts";
import { withData } from "./with-data.ts";
import { count } from "./words.ts";

/** The connections that a namespace tracks, as views show them. */

/** The oldest first; also those whose first packet is still on its way. */
export function connectionRows(world: World, netns: number): TableRows {
  return tableRows(netns === 0 ? [] : world.conntrack.ofNetns(netns), (row) => shownConnection(world, row));
}

export function shownConnection(world: World, row: number): ShownRow {
  const { conntrack, namespaces } = world;
  const netns = conntrack.netns.get(row);
  const name = namespaces.name.get(netns);
  const original = conntrack.original.get(row);
  const reply = conntrack.reply.get(row);
  const ends = `${protocolName(original.protocol)} ${printSource(original)} > ${printTarget(original)}`;
  const isTranslated = conntrack.has(row, natMask);
  const evidence = conntrack.evidence.get(row);
  const state = [stateOf(world, row), isTranslated ? `answers ${printTuple(reply)}` : ""].filter(Boolean).join(" ");
  return {
    id: `ct:${name}/${ends}`,
    ancestors: [tableId.connections(name), ...belowNetns(world, netns)],
    kind: "row",
    icon: isTranslated ? "arrow-swap" : "arrow-both",
    label: ends,
    description: `${state}${printEvidence(evidence)}`,
    title: `conntrack ${name} ${ends}`,
    text: printConnection(world, row),
    fields: {
      state: stateOf(world, row),
      reply: printTuple(reply),
      mark: String(conntrack.mark.get(row) >>> 0),
      ...(evidence !== null && { evidence }),
    },
    source: undefined,
  };
}

/** `ESTABLISHED [ASSURED]`, `[UNREPLIED]`; a connection that is not in the table yet says so. */
function stateOf({ conntrack }: World, row: number): string {
  const isTcp = conntrack.original.get(row).protocol === ipProtocol.tcp;
  return [
    isTcp ? tcpStateNames[conntrack.state.get(row)] : "",
    conntrack.has(row, status.seenReply) ? "" : "[UNREPLIED]",
    conntrack.has(row, status.assured) ? "[ASSURED]" : "",
    conntrack.has(row, status.confirmed) ? "" : "[UNCONFIRMED]",
    conntrack.has(row, status.dying) ? "[DYING]" : "",
  ]
    .filter((word) => word !== "")
    .join(" ");
}

export function connectionTable(world: World, netns: number): readonly Inspection[] {
  const rows = connectionRows(world, netns);
  if (rows.count === 0) return [];
  return [
    {
      name: "connections",
      value: count(rows.count, "connection"),
      childCount: rows.count,
      children: () => rows.keys.map((row) => connectionInspection(world, row)),
    },
  ];
}

export function connectionInspection(world: World, row: number): Inspection {
  const { conntrack } = world;
  const { protocol } = conntrack.original.get(row);
  return withData(() => shownConnection(world, row), {
    name: protocolName(protocol),
    value: printFlow(world, row),
    children: () => fieldsOf(world, row),
  });
}

function fieldsOf(world: World, row: number): readonly Inspection[] {
  const { conntrack, nowNs } = world;
  const device = conntrack.masqueradeDevice.get(row);
  const evidence = conntrack.evidence.get(row);
  const isConfirmed = conntrack.has(row, status.confirmed);
  const timeout = isConfirmed
    ? `forgotten in ${printDurationNs(conntrack.timer.get(row) - nowNs)}`
    : `${printDurationNs(conntrack.timeoutNs.get(row))} once its packet got through`;
  return [
    { name: "state", value: stateOf(world, row) || "replied" },
    { name: "original", value: printTuple(conntrack.original.get(row)) },
    { name: "reply", value: printTuple(conntrack.reply.get(row)) },
    { name: "translated", value: translation(world, row) },
    { name: "timeout", value: timeout },
    { name: "mark", value: String(conntrack.mark.get(row) >>> 0) },
    ...(evidence === null ? [] : [{ name: "evidence", value: evidence }]),
    ...(device === 0 ? [] : [{ name: "masqueraded by", value: deviceName(world, device) }]),
  ];
}

function translation({ conntrack }: World, row: number): string {
  const sides = [
    conntrack.has(row, status.sourceNat) ? "source" : "",
    conntrack.has(row, status.destinationNat) ? "destination" : "",
  ].filter((side) => side !== "");
  return sides.length === 0 ? "no" : sides.join(" and ");
}
