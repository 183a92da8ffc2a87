import type { World } from "../../linux/world.ts";
import type { Inspection } from "../protocol.ts";
import { count } from "./words.ts";

/** What all namespaces of a node share. Without a namespace: the kernels of all nodes. */
export function kernelScope(world: World, netns: number): readonly Inspection[] {
  const node = netns === 0 ? 0 : world.namespaces.node.get(netns);
  if (node !== 0) return kernelFields(world, node);
  return [...world.nodes.table.rows()].map((row) => ({
    name: world.nodes.name.get(row),
    value: count(world.namespaces.ofNode(row).length, "namespace"),
    children: () => kernelFields(world, row),
  }));
}

function kernelFields(world: World, node: number): readonly Inspection[] {
  const { nodes, namespaces } = world;
  const rows = namespaces.ofNode(node);
  return [
    { name: "hostname", value: nodes.name.get(node) },
    { name: "neighbour entries", value: `${nodes.neighbours.get(node)} of at most ${nodes.gcThresh3.get(node)}` },
    { name: "net.ipv4.neigh.default.gc_thresh2", value: String(nodes.gcThresh2.get(node)) },
    { name: "net.ipv4.neigh.default.gc_thresh3", value: String(nodes.gcThresh3.get(node)) },
    {
      name: "namespaces",
      value: count(rows.length, "namespace"),
      childCount: rows.length,
      children: () => rows.map((row) => ({ name: namespaces.name.get(row), value: namespaces.role.get(row) })),
    },
  ];
}
