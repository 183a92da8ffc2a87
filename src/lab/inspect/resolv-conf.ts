import type { World } from "../../linux/world.ts";
import { resolvConfLines } from "../../plan/resolv-conf.ts";
import type { Inspection } from "../protocol.ts";
import { belowNetns } from "./shown-machines.ts";
import { known, type ShownRow, tableId } from "./shown-row.ts";
import { type TableRows, tableRows } from "./tables.ts";

/** A pod's /etc/resolv.conf, line by line. Other namespaces have none of their own. */
export function resolvConfRows(world: World, netns: number): TableRows<string> {
  const resolvConf = netns === 0 ? null : world.namespaces.resolvConf.get(netns);
  return tableRows(resolvConf === null ? [] : resolvConfLines(resolvConf), (line) => shownLine(world, netns, line));
}

function shownLine(world: World, netns: number, line: string): ShownRow {
  const name = world.namespaces.name.get(netns);
  const blank = line.indexOf(" ");
  return {
    id: `resolv:${name}/${line}`,
    ancestors: [tableId.resolvConf(name), ...belowNetns(world, netns)],
    kind: "row",
    icon: "symbol-string",
    label: line.slice(0, blank),
    description: line.slice(blank + 1),
    title: `resolv.conf ${name} ${line}`,
    text: line,
    fields: {},
    source: known(world.namespaces.source.get(netns)),
  };
}

/** The file as a variable; none where there is no such file. */
export function resolvConfInspections(world: World, netns: number): readonly Inspection[] {
  const { count, first } = resolvConfRows(world, netns);
  if (count === 0) return [];
  const lines = first(count).map(({ label, description }) => ({ name: label, value: description }));
  const value = lines.filter(({ name }) => name === "nameserver").map((line) => line.value);
  return [{ name: "resolv.conf", value: value.join(" "), childCount: count, children: () => lines }];
}
