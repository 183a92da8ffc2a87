import type { SourceRange } from "../../base/source-range.ts";
import type { ClusterModel, Cni, GroupName, NodeGroup, RawNamespace, Sourced } from "../../kube/model.ts";
import { type Ipv4Prefix, networkAddress } from "../../wire/ipv4-address.ts";
import type { Cluster, File, Hub, Item, Scenario, Veth } from "../generated/ast.ts";
import type { Token } from "../source.ts";
import { readNumber, readPrefix } from "../values.ts";
import { readSettingsOnly } from "./devices.ts";
import { readNetns, readNode } from "./node.ts";
import {
  misplaced,
  oneWord,
  type Reading,
  readSetting,
  refuseExtraWords,
  type SettingReaders,
  sharesMember,
} from "./reading.ts";

/** The declarations of a file; cables, hubs and scenarios still as trees, since they name what is declared. */
export interface Declarations {
  readonly model: Omit<ClusterModel, "veths" | "hubs">;
  readonly veths: readonly Veth[];
  readonly hubs: readonly Hub[];
  readonly scenarios: readonly Scenario[];
}

const fileKeywords = ["cluster", "node", "netns", "veth", "hub", "scenario"];

/** Reads everything that a file declares; what stands at a wrong place is reported and taken where it must belong. */
export function readDeclarations(file: File, reading: Reading): Declarations {
  const settings: Draft<ClusterSettings> = defaultSettings(reading.uri);
  const nodes: NodeGroup[] = [];
  const namespaces: RawNamespace[] = [];
  const veths: Veth[] = [];
  const hubs: Hub[] = [];
  const scenarios: Scenario[] = [];
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
      case "Veth":
        veths.push(item);
        break;
      case "Hub":
        hubs.push(item);
        break;
      case "Scenario":
        scenarios.push(item);
        break;
      default:
        if (item.$container === file) readOutside(item, adopted.size > 0, reading);
    }
  }
  inFileOrder(nodes);
  inFileOrder(namespaces);
  return {
    model: { uri: reading.uri, ...settings, nodes, namespaces },
    veths: byOffset(veths),
    hubs: byOffset(hubs),
    scenarios: byOffset(scenarios),
  };
}

type ClusterSettings = Pick<ClusterModel, "podCidr" | "serviceCidr" | "cni" | "nodeCidrMaskLength">;
type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

/** What kubeadm with flannel would say: 10.244.0.0/16 for pods, a /24 for each node. */
function defaultSettings(uri: string): ClusterSettings {
  const source: SourceRange = { uri, line: 1, column: 1, endLine: 1, endColumn: 1 };
  return {
    podCidr: { value: { address: 0x0af4_0000, length: 16 }, source },
    serviceCidr: { value: { address: 0x0a60_0000, length: 12 }, source },
    cni: "bridge",
    nodeCidrMaskLength: 24,
  };
}

const laterCnis = ["host-gw", "vxlan", "routed"];
const laterProxies = ["iptables", "nftables"];

function readCluster(node: Cluster, settings: Draft<ClusterSettings>, reading: Reading): Item[] {
  const { problems } = reading;
  refuseExtraWords(node, reading);
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
    proxy: oneWord(reading, (word) => readProxy(word, reading)),
    nodeCIDRMaskSize: oneWord(reading, (word) => {
      settings.nodeCidrMaskLength = readNumber(word, problems, 8, 30) ?? settings.nodeCidrMaskLength;
    }),
  };
  return readSettingsOnly(node.block?.items ?? [], "cluster", readers, reading);
}

function readCni(word: Token, { problems }: Reading): Cni | undefined {
  if (word.text === "bridge" || word.text === "none") return word.text;
  if (laterCnis.includes(word.text)) {
    problems.error(
      "not-supported-yet",
      word.range,
      `cni ${word.text} is not supported yet; there are bridge and none.`,
    );
  } else {
    const known = ["bridge", "none", ...laterCnis];
    problems.unknown("unknown-cni", word.range, word.text, `There is no cni "${word.text}".`, known);
  }
  return undefined;
}

/** A proxy without Services has nothing to do, so that stating one does no harm. */
function readProxy(word: Token, { problems }: Reading): void {
  if (word.text === "none" || laterProxies.includes(word.text)) return;
  problems.unknown("unknown-proxy", word.range, word.text, `There is no proxy "${word.text}".`, [
    "none",
    ...laterProxies,
  ]);
}

/** Something at the top of the file that belongs into a block. */
function readOutside(item: Item, reported: boolean, reading: Reading): void {
  if (item.$type === "Line") readSetting(item, "The file itself", {}, fileKeywords, reading);
  else if (item.$type !== "Pod") misplaced(item, "the file itself", reading);
  else if (!reported) reading.problems.error("misplaced", nodeRange(item, reading), "A pod stands inside a node.");
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
