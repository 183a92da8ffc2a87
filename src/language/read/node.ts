import type { NodeGroup, PodGroup, RawNamespace, Sourced } from "../../kube/model.ts";
import type { Ipv4Prefix } from "../../wire/ipv4-address.ts";
import type { Item, Netns, Node, Veth } from "../generated/ast.ts";
import type { Token } from "../source.ts";
import { readAddress, readDeviceName, readMac, readPrefix } from "../values.ts";
import { ContentsReader } from "./contents.ts";
import { readPod } from "./pod.ts";
import {
  headRange,
  misplaced,
  once,
  oneWord,
  type Reading,
  readGroupName,
  readSetting,
  refuseExtraWords,
  type SettingReader,
  type SettingReaders,
  sharesMember,
} from "./reading.ts";
import { readUplink } from "./uplink.ts";

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

/** What a node's block declared; cables are read later, when every namespace is known. */
export interface NodeReading {
  readonly node?: NodeGroup;
  readonly namespaces: readonly RawNamespace[];
  readonly veths: readonly Veth[];
  readonly escaped: readonly Item[];
}

const nodeKeywords = ["bridge", "container", "interface", "netns", "pod", "veth", "vxlan"];

/** Reads `node NAME {…}`; `adopted` are pods that stand behind it because of a } too many. */
export function readNode(declared: Node, adopted: readonly Item[], reading: Reading): NodeReading {
  const { problems } = reading;
  const name = readGroupName(declared, "node", reading);
  refuseExtraWords(declared, reading);
  const contents = new ContentsReader(reading);
  const source = headRange(declared, reading);
  const pods: PodGroup[] = [];
  const node: Draft<NodeGroup> = { name: name ?? { base: "", source }, contents: contents.contents, pods, source };
  const settings: SettingReaders = {
    ...contents.settings,
    address: once(reading, (tokens, source, name) => {
      const uplink = readUplink(tokens, source, name, reading);
      if (uplink === undefined) return;
      const { address, on, mtu, mac } = uplink;
      Object.assign(node, { address, on, mtu, ...(mac && { mac }) });
    }),
    gateway: oneWord(reading, (word) => {
      const value = readAddress(word, problems);
      if (value !== undefined) node.gateway = { value, source: word.range };
    }),
    mac: oneWord(reading, (word) => {
      const value = readMac(word, problems);
      if (value !== undefined) node.mac = { value, source: word.range };
    }),
    podCIDR: oneWord(reading, (word) => {
      const value = readPrefix(word, problems);
      if (value) node.podCidr = { value, source: word.range };
    }),
  };
  const namespaces: RawNamespace[] = [];
  const veths: Veth[] = [];
  const escaped: Item[] = [];
  const owner = `node ${declared.name ?? ""}`;
  const queue: Item[] = [...(declared.block?.items ?? []), ...adopted];
  for (const item of queue) {
    if (item.$type === "Line") readSetting(item, owner, settings, nodeKeywords, reading);
    else if (item.$type === "Veth") veths.push(item);
    else if (item.$type === "Pod") {
      const read = readPod(item, reading);
      if (read.pod) addPod(read.pod, pods, reading);
      queue.push(...read.escaped);
    } else if (item.$type === "Netns") {
      const read = readNetns(item, node, reading);
      if (read.namespace) namespaces.push(read.namespace);
      queue.push(...read.escaped);
    } else {
      const read = contents.readItem(item);
      if (read !== "not mine") queue.push(...read);
      else {
        if (belongsHere(item, declared)) misplaced(item, owner, reading);
        escaped.push(item);
      }
    }
  }
  return { node: name && node, namespaces, veths, escaped };
}

/** What came up from an inner block has been reported there. */
function belongsHere(item: Item, declared: Node): boolean {
  return item.$container === declared.block;
}

function addPod(pod: PodGroup, pods: PodGroup[], { problems }: Reading): void {
  const other = pods.find(({ name }) => sharesMember(name, pod.name));
  if (other === undefined) {
    pods.push(pod);
    return;
  }
  const message = `There is already a pod ${pod.name.base} in this node (line ${other.source.line}).`;
  problems.error("duplicate-name", pod.name.source, message);
}

/** Reads `netns NAME {…}`, in a node (`within`) or as a machine of its own. */
export function readNetns(
  declared: Netns,
  within: NodeGroup | undefined,
  reading: Reading,
): { readonly namespace?: RawNamespace; readonly escaped: readonly Item[] } {
  const { problems } = reading;
  const name = readGroupName(declared, "netns", reading);
  refuseExtraWords(declared, reading);
  const contents = new ContentsReader(reading);
  const settings: SettingReaders = { ...contents.settings, address: deviceAddress(contents, reading) };
  const owner = `netns ${declared.name ?? ""}`;
  const escaped: Item[] = [];
  for (const item of declared.block?.items ?? []) {
    if (item.$type === "Line") {
      readSetting(item, owner, settings, ["bridge", "container", "interface", "vxlan"], reading);
      continue;
    }
    const read = contents.readItem(item);
    if (read !== "not mine") escaped.push(...read);
    else {
      misplaced(item, owner, reading);
      escaped.push(item);
    }
  }
  const ranged = name?.range ?? within?.name.range;
  if (name && ranged) {
    problems.error("range-of-netns", name.source, "A netns is declared one by one; ranges are for nodes and pods.");
    return { escaped };
  }
  const source = headRange(declared, reading);
  return { namespace: name && { name, node: within, contents: contents.contents, source }, escaped };
}

/** `address 10.0.0.1/24 dev eth0`: the short form of an interface block. */
function deviceAddress(contents: ContentsReader, reading: Reading): SettingReader {
  return (tokens, source, name) => {
    const { problems } = reading;
    const [prefixToken, keyword, device, extra] = tokens;
    if (prefixToken === undefined) return problems.error("missing-value", name.range, "The address is missing.");
    const prefix = readPrefix(prefixToken, problems);
    if (keyword?.text !== "dev" || device === undefined) {
      const message = "Say on which device: address 10.0.0.1/24 dev eth0.";
      return problems.error("missing-device", (keyword ?? prefixToken).range, message);
    }
    if (extra) problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
    const dev = readDeviceName(device, problems);
    if (prefix && dev !== undefined)
      addDeviceAddress(contents, dev, { value: prefix, source: prefixToken.range }, source);
  };
}

function addDeviceAddress(
  contents: ContentsReader,
  dev: string,
  address: Sourced<Ipv4Prefix>,
  source: Token["range"],
): void {
  contents.contents.interfaces.push({ dev, addresses: [address], up: true, source });
}
