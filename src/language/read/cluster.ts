import type { SourceRange } from "../../base/source-range.ts";
import {
  type ClusterModel,
  type Cni,
  cnis,
  type DeploymentModel,
  type GroupName,
  type NodeGroup,
  type RawNamespace,
  type Sourced,
} from "../../kube/model.ts";
import { defaultProxySettings } from "../../kube/service-declaration.ts";
import { type Ipv4Prefix, networkAddress } from "../../wire/ipv4-address.ts";
import type { Cluster, File, Hub, Item, Line, Scenario, Veth } from "../generated/ast.ts";
import { importedFile } from "../imports.ts";
import { type ManifestObjects, readManifest } from "../manifest/manifest.ts";
import type { Token } from "../source.ts";
import { readNumber, readPrefix } from "../values.ts";
import { readDeployment } from "./deployment.ts";
import { readSettingsOnly } from "./devices.ts";
import { clusterDnsReader } from "./dns.ts";
import { ingressControllerReader, readIngress } from "./ingress.ts";
import { readMachine } from "./machine.ts";
import { readNetns, readNode } from "./node.ts";
import { flag, proxyReaders } from "./proxy.ts";
import {
  type FileReading,
  misplaced,
  oneWord,
  type Reading,
  readSetting,
  refuseExtraWords,
  type SettingReaders,
  sharesMember,
} from "./reading.ts";
import { readService } from "./service.ts";

/** The declarations of a file; cables, hubs and scenarios still as trees, since they name what is declared. */
export interface Declarations {
  readonly model: Omit<ClusterModel, "veths" | "hubs">;
  readonly veths: readonly Veth[];
  readonly hubs: readonly Hub[];
  readonly scenarios: readonly Scenario[];
}

const fileKeywords = [
  "cluster",
  "node",
  "deployment",
  "service",
  "ingress",
  "switch",
  "router",
  "host",
  "netns",
  "veth",
  "hub",
  "scenario",
];

/** Reads everything that a file declares; what stands at a wrong place is reported and taken where it must belong. */
export function readDeclarations(file: File, reading: FileReading): Declarations {
  const settings: Draft<ClusterSettings> = defaultSettings(reading.uri);
  const nodes: NodeGroup[] = [];
  const namespaces: RawNamespace[] = [];
  const veths: Veth[] = [];
  const hubs: Hub[] = [];
  const scenarios: Scenario[] = [];
  const deployments: DeploymentModel[] = [];
  const objects: ManifestObjects = { services: [], slices: [], nodes: [], ingresses: [] };
  const taken: TakenNames = new Map();
  const queue: Item[] = [...file.items];
  const adopted = adoptStrayPods(file, reading);
  for (const item of queue) {
    switch (item.$type) {
      case "Cluster":
        queue.push(...readCluster(item, settings, reading));
        break;
      case "Node": {
        const read = readNode(item, adopted.get(item) ?? [], reading);
        if (read.node && isNewName(read.node.name, taken, reading)) {
          nodes.push(read.node);
          namespaces.push(...read.namespaces);
        }
        veths.push(...read.veths);
        queue.push(...read.escaped);
        break;
      }
      case "Netns": {
        const { namespace, escaped } = readNetns(item, undefined, reading);
        if (namespace && isNewName(namespace.name, taken, reading)) namespaces.push(namespace);
        queue.push(...escaped);
        break;
      }
      case "Switch":
      case "Router":
      case "Host": {
        const { namespace, escaped } = readMachine(item, reading);
        if (namespace && isNewName(namespace.name, taken, reading)) namespaces.push(namespace);
        queue.push(...escaped);
        break;
      }
      case "Veth":
        veths.push(item);
        break;
      case "Hub":
        hubs.push(item);
        break;
      case "Scenario":
        scenarios.push(item);
        break;
      case "Deployment": {
        const { deployment, escaped } = readDeployment(item, reading);
        if (deployment) deployments.push(deployment);
        queue.push(...escaped);
        break;
      }
      case "Service": {
        const { service, escaped } = readService(item, reading);
        if (service) objects.services.push(service);
        queue.push(...escaped);
        break;
      }
      case "Ingress": {
        const { ingress, escaped } = readIngress(item, reading);
        if (ingress) objects.ingresses.push(ingress);
        queue.push(...escaped);
        break;
      }
      default:
        if (item.$container === file) readOutside(item, objects, adopted.size > 0, reading);
    }
  }
  inFileOrder(nodes);
  inFileOrder(namespaces);
  return {
    model: {
      uri: reading.uri,
      ...settings,
      nodes: withImportedNodes(nodes, objects.nodes),
      namespaces,
      services: objects.services,
      ingresses: objects.ingresses,
      slices: objects.slices,
      deployments,
    },
    veths: byOffset(veths),
    hubs: byOffset(hubs),
    scenarios: byOffset(scenarios),
  };
}

type ClusterSettings = Pick<
  ClusterModel,
  "podCidr" | "serviceCidr" | "cni" | "nodeCidrMaskLength" | "proxy" | "ipMasq" | "dns" | "ingressController"
>;
type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

/** What kubeadm with flannel would say: 10.244.0.0/16 for pods, a /24 for each node. */
function defaultSettings(uri: string): ClusterSettings {
  const source: SourceRange = { uri, line: 1, column: 1, endLine: 1, endColumn: 1 };
  return {
    podCidr: { value: { address: 0x0af4_0000, length: 16 }, source },
    serviceCidr: { value: { address: 0x0a60_0000, length: 12 }, source },
    cni: "bridge",
    nodeCidrMaskLength: 24,
    proxy: defaultProxySettings,
    ipMasq: false,
  };
}

function readCluster(node: Cluster, settings: Draft<ClusterSettings>, reading: Reading): Item[] {
  const { problems } = reading;
  refuseExtraWords(node, reading);
  const proxy = { ...settings.proxy };
  const block = (set: (value: Sourced<Ipv4Prefix>) => void) =>
    oneWord(reading, (word) => {
      const value = readPrefix(word, problems);
      if (value && value.address !== networkAddress(value)) {
        problems.error("bad-prefix", word.range, `${word.text} is not the first address of its block.`);
      } else if (value) set({ value, source: word.range });
    });
  const readers: SettingReaders = {
    podCIDR: block((value) => {
      settings.podCidr = value;
    }),
    serviceCIDR: block((value) => {
      settings.serviceCidr = value;
    }),
    cni: oneWord(reading, (word) => {
      settings.cni = readCni(word, reading) ?? settings.cni;
    }),
    ...proxyReaders(proxy, reading),
    ipMasq: flag(reading, (on) => {
      settings.ipMasq = on;
    }),
    ingressController: ingressControllerReader(reading, (controller) => {
      settings.ingressController = controller;
    }),
    dns: clusterDnsReader(reading, (dns) => {
      settings.dns = dns;
    }),
    nodeCIDRMaskSize: oneWord(reading, (word) => {
      settings.nodeCidrMaskLength = readNumber(word, problems, 8, 30) ?? settings.nodeCidrMaskLength;
    }),
  };
  const escaped = readSettingsOnly(node.block?.items ?? [], "cluster", readers, reading);
  settings.proxy = proxy;
  return escaped;
}

function readCni(word: Token, { problems }: Reading): Cni | undefined {
  const known = cnis.find((cni) => cni === word.text);
  if (known === undefined) {
    problems.unknown("unknown-cni", word.range, word.text, `There is no cni "${word.text}".`, cnis);
  }
  return known;
}

/** An import; or something that belongs into a block. */
function readOutside(item: Item, objects: ManifestObjects, reported: boolean, reading: FileReading): void {
  if (item.$type === "Line") readFileLine(item, objects, reading);
  else if (item.$type !== "Pod") misplaced(item, "the file itself", reading);
  else if (!reported) reading.problems.error("misplaced", nodeRange(item, reading), "A pod stands inside a node.");
}

function readFileLine(line: Line, objects: ManifestObjects, reading: FileReading): void {
  const { problems, imports } = reading;
  const readImport = oneWord(reading, ({ text, range }) => {
    const file = importedFile(text, imports);
    if ("problem" in file) problems.error("bad-import", range, file.problem);
    else readManifest(file.uri, file.text, objects, problems);
  });
  readSetting(line, "The file itself", { import: readImport }, fileKeywords, reading);
}

/** What the file says of a node goes before what a manifest says of it. */
function withImportedNodes(declared: readonly NodeGroup[], imported: readonly NodeGroup[]): NodeGroup[] {
  const nodes = [...declared];
  for (const node of imported) {
    const i = nodes.findIndex(({ name }) => name.base === node.name.base && name.range === undefined);
    if (i < 0) nodes.push(node);
    else
      nodes[i] = { ...nodes[i], address: nodes[i].address ?? node.address, podCidr: nodes[i].podCidr ?? node.podCidr };
  }
  return nodes;
}

/** Pods at the top of the file were cut off their node by a } too many: the node before them takes them. */
function adoptStrayPods(file: File, reading: Reading): Map<Item, Item[]> {
  const adopted = new Map<Item, Item[]>();
  let lastNode: Item | undefined;
  for (const item of file.items) {
    if (item.$type === "Node") lastNode = item;
    else if (item.$type === "Pod" && lastNode) {
      const pods = adopted.get(lastNode) ?? [];
      if (pods.length === 0) {
        const message = "A pod stands inside a node. Is there a } too many before it?";
        reading.problems.error("misplaced", nodeRange(item, reading), message);
      }
      adopted.set(lastNode, [...pods, item]);
    }
  }
  return adopted;
}

function nodeRange(item: Item, reading: Reading): SourceRange {
  const start = item.$cstNode?.range.start ?? { line: 0, character: 0 };
  const [line, column] = [start.line + 1, start.character + 1];
  return { uri: reading.uri, line, column, endLine: line, endColumn: column + item.$type.length };
}

/** The names at the top of the file, by their bases. */
type TakenNames = Map<string, GroupName[]>;

function isNewName(name: GroupName, taken: TakenNames, { problems }: Reading): boolean {
  const others = taken.get(name.base) ?? [];
  const other = others.find((one) => sharesMember(one, name));
  if (other === undefined) {
    taken.set(name.base, [...others, name]);
    return true;
  }
  const message = `The name ${name.base} is already taken (line ${other.source.line}).`;
  problems.error("duplicate-name", name.source, message);
  return false;
}

function inFileOrder(list: { readonly source: SourceRange }[]): void {
  list.sort((a, b) => a.source.line - b.source.line || a.source.column - b.source.column);
}

function byOffset<Node extends Item>(list: readonly Node[]): Node[] {
  return [...list].sort((a, b) => (a.$cstNode?.offset ?? 0) - (b.$cstNode?.offset ?? 0));
}
