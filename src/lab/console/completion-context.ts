import type { ClusterLayout } from "../../kube/layout.ts";
import { statementVerbs } from "../../language/scenario/scenario.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { devicesOf } from "../inspect/find.ts";
import { deviceName } from "../names.ts";
import type { ConsoleCompletion } from "./api.ts";

export interface CompletionContext {
  readonly world: World;
  readonly layout: ClusterLayout | undefined;
  readonly stageNames: readonly string[];
  /** The namespace of the frame in view, or 0. */
  readonly here: number;
}

/** What could be written, before it is known where. */
export type Proposal = Omit<ConsoleCompletion, "start" | "end">;

export const verbs = statementVerbs;

/** Of tables so many rows are looked at: large clusters have hundreds of thousands. */
const mostRows = 5000;

export function* some(rows: Iterable<number>): Generator<number> {
  let left = mostRows;
  for (const row of rows) {
    if (left-- === 0) return;
    yield row;
  }
}

export function proposals(kind: Proposal["kind"], labels: readonly string[], detail?: string): readonly Proposal[] {
  return labels.map((label) => ({ label, kind, ...(detail !== undefined && { detail }) }));
}

export function namespacesOf({ world }: CompletionContext): readonly Proposal[] {
  const { namespaces } = world;
  return [...some(namespaces.table.rows())].map((row) => ({
    label: namespaces.name.get(row),
    detail: namespaces.role.get(row),
    kind: "netns",
  }));
}

export function podsOf({ world }: CompletionContext): readonly Proposal[] {
  const { namespaces } = world;
  const pods = [...some(namespaces.table.rows())].filter((row) => namespaces.role.get(row) === "pod");
  return pods.map((row) => ({ label: namespaces.name.get(row), detail: "pod", kind: "netns" }));
}

/** Of one namespace by their names, of all by their paths. */
export function devicesFor({ world }: CompletionContext, netns: number): readonly Proposal[] {
  const { devices } = world;
  if (netns !== 0) return [...devicesOf(world, netns)].map((row) => ({ label: devices.name.get(row), kind: "device" }));
  return [...some(devices.table.rows())].map((row) => ({ label: deviceName(world, row), kind: "device" }));
}

/** Addresses of devices, and those of Services. */
export function addressesFor({ world, layout }: CompletionContext): readonly Proposal[] {
  const { addresses } = world;
  const own = [...some(addresses.table.rows())].map(
    (row): Proposal => ({
      label: formatIpv4(addresses.address.get(row)),
      detail: deviceName(world, addresses.device.get(row)),
      kind: "address",
    }),
  );
  const services = (layout?.services ?? []).flatMap(({ name, namespace, clusterIP }): Proposal[] =>
    clusterIP === undefined
      ? []
      : [{ label: formatIpv4(clusterIP), detail: `Service ${name}.${namespace}`, kind: "address" }],
  );
  return [...own, ...services];
}

export function servicesOf({ layout }: CompletionContext): readonly Proposal[] {
  return (layout?.services ?? []).map(({ name, namespace }) => ({
    label: `${name}.${namespace}`,
    detail: "Service",
    kind: "value",
  }));
}
