import { memberNodeAddress } from "../../kube/layout.ts";
import { memberCount } from "../../kube/model.ts";
import { placedPods } from "../../kube/selected-pods.ts";
import type { EndpointSliceModel, ServiceModel } from "../../kube/service-model.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import type { ClusterNow } from "./cluster-now.ts";
import { Complaint, type Invocation, type Outcome, printed } from "./command.ts";
import { WordCursor } from "./word-cursor.ts";

interface Asked {
  readonly layout: ClusterNow;
  readonly world: World;
  readonly wide: boolean;
  /** Undefined: all of them. */
  readonly namespace: string | undefined;
  readonly names: readonly string[];
}

/** A kind of resource that `kubectl get` knows here: its names, whether it belongs to a namespace, and its table. */
interface Resource {
  readonly names: readonly string[];
  readonly isNamespaced: boolean;
  readonly heads: readonly string[];
  /** Columns that `-o wide` adds. */
  readonly wideHeads: readonly string[];
  rows(asked: Asked): readonly ResourceRow[];
}

interface ResourceRow {
  readonly namespace: string;
  readonly cells: readonly string[];
  readonly wideCells: readonly string[];
}

const resources: readonly Resource[] = [
  {
    names: ["pods", "pod", "po"],
    isNamespaced: true,
    heads: ["NAME", "READY", "STATUS", "RESTARTS", "AGE"],
    wideHeads: ["IP", "NODE", "NOMINATED NODE", "READINESS GATES"],
    rows: pods,
  },
  {
    names: ["services", "service", "svc"],
    isNamespaced: true,
    heads: ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"],
    wideHeads: ["SELECTOR"],
    rows: ({ layout, world }) => layout.services.map((service) => serviceRow(service, world)),
  },
  {
    names: ["endpoints", "ep"],
    isNamespaced: true,
    heads: ["NAME", "ENDPOINTS", "AGE"],
    wideHeads: [],
    rows: endpoints,
  },
  {
    names: ["endpointslices", "endpointslice"],
    isNamespaced: true,
    heads: ["NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"],
    wideHeads: [],
    rows: ({ layout, world }) => layout.endpointSlices().map((slice, index) => sliceRow(slice, index, world)),
  },
  {
    names: ["nodes", "node", "no"],
    isNamespaced: false,
    heads: ["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
    wideHeads: ["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"],
    rows: nodes,
  },
];

/** More rows than these are counted. */
const mostRows = 1000;

/** `kubectl get pods|services|endpoints|endpointslices|nodes [NAME…] [-n NAMESPACE|-A] [-o wide]`; `kubectl exec` is taken off before. */
export function kubectl({ world, layout, words }: Invocation): Outcome {
  const cursor = new WordCursor(words);
  const verb = cursor.peek();
  if (verb !== "get") throw new Complaint(`kubectl ${verb ?? ""} is not known here: get and exec are.`);
  cursor.take("get");
  if (layout === undefined) throw new Complaint("There is no cluster here: what is replayed is a capture.");
  const names: string[] = [];
  let namespace: string | undefined = "default";
  let wide = false;
  while (!cursor.done) {
    if (cursor.takeIf("-A", "--all-namespaces")) namespace = undefined;
    else if (cursor.takeIf("-n", "--namespace")) namespace = cursor.take("the namespace");
    else if (cursor.takeIf("-o", "--output")) {
      const format = cursor.take("the format");
      if (format !== "wide") throw new Complaint(`kubectl get -o ${format} is not known here: -o wide is.`);
      wide = true;
    } else if (cursor.takeIf("-owide", "-o=wide", "--output=wide")) wide = true;
    else names.push(cursor.take("a name"));
  }
  const [kind, ...wanted] = names;
  return table({ layout, world, wide, namespace, names: wanted }, kind);
}

function table(asked: Asked, kind: string | undefined): Outcome {
  const resource = resources.find((one) => one.names.includes(kind ?? ""));
  if (resource === undefined) {
    const known = resources.map((one) => one.names[0]).join(", ");
    if (kind === undefined) throw new Complaint(`You must specify the type of resource to get: ${known}.`);
    throw new Complaint(`error: the server doesn't have a resource type "${kind}": there are ${known} here.`);
  }
  const { namespace, names, wide } = asked;
  const all = resource
    .rows(asked)
    .filter((row) => namespace === undefined || !resource.isNamespaced || row.namespace === namespace);
  for (const name of names)
    if (!all.some(({ cells }) => cells[0] === name))
      throw new Complaint(`Error from server (NotFound): ${resource.names[0]} "${name}" not found`);
  const found = names.length === 0 ? all : all.filter(({ cells }) => names.includes(cells[0]));
  if (found.length === 0)
    throw new Complaint(
      namespace === undefined || !resource.isNamespaced
        ? "No resources found"
        : `No resources found in ${namespace} namespace.`,
    );
  const withNamespace = resource.isNamespaced && namespace === undefined;
  const lines = [
    [...(withNamespace ? ["NAMESPACE"] : []), ...resource.heads, ...(wide ? resource.wideHeads : [])],
    ...found
      .slice(0, mostRows)
      .map((row) => [...(withNamespace ? [row.namespace] : []), ...row.cells, ...(wide ? row.wideCells : [])]),
  ];
  const more = found.length > mostRows ? [`and ${found.length - mostRows} more`] : [];
  return printed([...columns(lines), ...more]);
}

/** Columns three blanks apart, as kubectl's printer sets them. */
function columns(lines: readonly (readonly string[])[]): readonly string[] {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) =>
    line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column] + 3))).join(""),
  );
}

/** Everything is as old as the scenario. */
function age({ nowNs }: World): string {
  const seconds = Math.floor(nowNs / 1e9);
  return seconds < 120 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60 === 0 ? "" : `${seconds % 60}s`}`;
}

function pods({ layout, world }: Asked): readonly ResourceRow[] {
  const rows = layout.model.nodes.flatMap((group) =>
    group.pods.flatMap((pod) =>
      [...placedPods(layout, group, pod)].map((placed) => {
        const { podName, nodeName, address } = placed;
        const count = Math.max(1, pod.contents.containers.length);
        const status = pod.terminating ? "Terminating" : "Running";
        return {
          namespace: pod.namespace,
          cells: [podName, `${layout.isReady(placed) ? count : 0}/${count}`, status, "0", age(world)],
          wideCells: [address === undefined ? "<none>" : formatIpv4(address), nodeName, "<none>", "<none>"],
        };
      }),
    ),
  );
  return sorted(rows);
}

function serviceRow(service: ServiceModel, world: World): ResourceRow {
  const { namespace, name, type, clusterIP, externalIPs, loadBalancerIngress, ports, selector } = service;
  const external = [...loadBalancerIngress.map(({ ip }) => ip), ...externalIPs].map(formatIpv4).join(",");
  const noExternal = type === "LoadBalancer" ? "<pending>" : "<none>";
  const portTexts = ports.map(
    ({ port, nodePort, protocol }) => `${port}${nodePort === 0 ? "" : `:${nodePort}`}/${protocol}`,
  );
  const selected = Object.entries(selector ?? {}).map(([key, value]) => `${key}=${value}`);
  return {
    namespace,
    cells: [
      name,
      type,
      clusterIP === undefined ? "None" : formatIpv4(clusterIP),
      external || noExternal,
      portTexts.join(",") || "<none>",
      age(world),
    ],
    wideCells: [selected.join(",") || "<none>"],
  };
}

/** Of Services that lead somewhere, who is ready: `formatEndpoints` of pkg/printers/internalversion. */
function endpoints({ layout, world }: Asked): readonly ResourceRow[] {
  const leading = layout.services.filter(({ namespace, name, selector }) => {
    return selector !== undefined || layout.endpointSlices().some(isOf(namespace, name));
  });
  return leading.map(({ namespace, name }) => {
    const slices = layout.endpointSlices().filter(isOf(namespace, name));
    const listed = slices.flatMap((slice) => {
      const ready = slice.endpoints.filter((endpoint) => endpoint.ready).flatMap(({ addresses }) => addresses);
      const texts = ready.toSorted((a, b) => a - b).map(formatIpv4);
      return slice.ports.length === 0
        ? texts
        : slice.ports.flatMap(({ port }) => texts.map((text) => `${text}:${port}`));
    });
    // One whose endpoints are all not ready has none to show, and is not the same as one without any.
    const shown = slices.length === 0 ? "<none>" : firstThree(listed);
    return { namespace, cells: [name, shown, age(world)], wideCells: [] };
  });
}

function isOf(namespace: string, service: string): (slice: EndpointSliceModel) => boolean {
  return (slice) => slice.namespace === namespace && slice.service === service;
}

function firstThree(texts: readonly string[]): string {
  const more = texts.length > 3 ? ` + ${texts.length - 3} more...` : "";
  return `${texts.slice(0, 3).join(",")}${more}`;
}

function sliceRow(slice: EndpointSliceModel, index: number, world: World): ResourceRow {
  const ports = [...new Set(slice.ports.map(({ port }) => port))].join(",");
  const shown = firstThree(slice.endpoints.flatMap(({ addresses }) => addresses.map(formatIpv4)));
  const cells = [
    `${slice.service}-${index + 1}`,
    slice.addressType,
    ports || "<unset>",
    shown === "" ? "<unset>" : shown,
    age(world),
  ];
  return { namespace: slice.namespace, cells, wideCells: [] };
}

function nodes({ layout, world }: Asked): readonly ResourceRow[] {
  const rows = layout.model.nodes.flatMap((group) =>
    Array.from({ length: memberCount(group.name) }, (_, member) => {
      const address = memberNodeAddress(group, member)?.address;
      return {
        namespace: "",
        cells: [layout.names.nodeName(group, member), "Ready", "<none>", age(world), "v1.34.0"],
        wideCells: [
          address === undefined ? "<none>" : formatIpv4(address),
          "<none>",
          "k8snet",
          "6.18.0",
          "k8snet://0.1",
        ],
      };
    }),
  );
  return sorted(rows);
}

function sorted(rows: readonly ResourceRow[]): readonly ResourceRow[] {
  return rows.toSorted((a, b) => (a.cells[0] < b.cells[0] ? -1 : 1));
}
