import type { HostEnd, PodGroup } from "../../kube/model.ts";
import { parsePrefix } from "../../wire/address-text.ts";
import type { Deployment, Item, Pod, Veth } from "../generated/ast.ts";
import { tokensOf } from "../source.ts";
import { readAddress, readChoice, readDeviceName, readMac } from "../values.ts";
import { ContentsReader } from "./contents.ts";
import { readSettingsOnly } from "./devices.ts";
import { PodDnsReader } from "./dns.ts";
import {
  headRange,
  misplaced,
  oneWord,
  type Reading,
  readGroupName,
  readObjectName,
  readSetting,
  refuseExtraWords,
  type SettingReaders,
} from "./reading.ts";
import { readLabels } from "./service.ts";

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

const podKeywords = ["bridge", "container", "interface", "veth", "vxlan"];

interface PodReading {
  readonly pod?: PodGroup;
  readonly escaped: readonly Item[];
}

/** Reads `pod NAME {…}`. What cannot stand in a pod is reported and returned, for the block around it. */
export function readPod(node: Pod, reading: Reading): PodReading {
  return readPodTemplate(node, "pod", reading, {});
}

/** Reads a pod, or the pod that a deployment makes many of, which has settings besides. */
export function readPodTemplate(
  node: Pod | Deployment,
  keyword: "pod" | "deployment",
  reading: Reading,
  more: SettingReaders,
): PodReading {
  const { problems } = reading;
  const name = readGroupName(node, keyword, reading);
  refuseExtraWords(node, reading);
  const contents = new ContentsReader(reading);
  const labels: Record<string, string> = {};
  const source = headRange(node, reading);
  const pod: Draft<PodGroup> = {
    name: name ?? { base: "", source },
    namespace: "default",
    labels,
    ready: true,
    terminating: false,
    hostNetwork: false,
    contents: contents.contents,
    source,
  };
  const dns = new PodDnsReader(reading);
  const settings: SettingReaders = {
    ...contents.settings,
    ...more,
    ...dns.settings,
    hostname: oneWord(reading, (word) => {
      pod.hostname = readObjectName(word, reading);
    }),
    subdomain: oneWord(reading, (word) => {
      pod.subdomain = readObjectName(word, reading);
    }),
    labels: (tokens) => readLabels(tokens, labels, reading),
    namespace: oneWord(reading, (word) => {
      pod.namespace = readObjectName(word, reading) ?? pod.namespace;
    }),
    ready: oneWord(reading, (word) => {
      pod.ready = readChoice(word, ["true", "false"], "bad-flag", "ready", problems) !== "false";
    }),
    terminating: () => {
      pod.terminating = true;
    },
    hostNetwork: () => {
      pod.hostNetwork = true;
    },
    address: oneWord(reading, (word) => {
      const prefix = parsePrefix(word.text);
      pod.addressLength = prefix?.length;
      const value = prefix?.address ?? readAddress(word, problems);
      if (value !== undefined) pod.address = { value, source: word.range };
    }),
    mac: oneWord(reading, (word) => {
      const value = readMac(word, problems);
      if (value !== undefined) pod.mac = { value, source: word.range };
    }),
  };
  const escaped: Item[] = [];
  const owner = `${keyword} ${node.name ?? ""}`;
  for (const item of node.block?.items ?? []) {
    if (item.$type === "Line") readSetting(item, owner, settings, podKeywords, reading);
    else if (item.$type === "Veth" && pod.hostEnd === undefined) pod.hostEnd = readHostEnd(item, escaped, reading);
    else {
      const read = contents.readItem(item);
      if (read !== "not mine") escaped.push(...read);
      else {
        misplaced(item, owner, reading);
        escaped.push(item);
      }
    }
  }
  if (dns.dns !== undefined) pod.dns = dns.dns;
  if (pod.hostname !== undefined && name?.range) {
    const message = "Pods of a range have hostnames of their own: their names, where a subdomain is stated.";
    problems.error("hostname-of-range", name.source, message);
  }
  if (pod.hostNetwork) checkHostNetwork(pod, reading);
  return { pod: name && pod, escaped };
}

/** What a pod in its node's network can state: labels and containers. */
function checkHostNetwork({ name, address, mac, hostEnd, contents }: PodGroup, { problems }: Reading): void {
  if (name.range) {
    problems.error("host-network-range", name.source, "Pods with hostNetwork are declared one by one.");
  }
  const { bridges, interfaces, vxlans, routes, rules, neighbours, sysctls } = contents;
  const own = [
    address,
    mac,
    hostEnd,
    bridges[0],
    interfaces[0],
    vxlans[0],
    routes[0],
    rules[0],
    neighbours[0],
    sysctls[0],
  ];
  for (const stated of own) {
    if (stated === undefined) continue;
    const message = `${name.base} has hostNetwork: it has no network of its own; state this in the node.`;
    problems.error("host-network-with-own", stated.source, message);
  }
}

/** `veth NAME { mac …; master … }`: the end of the pod's cable that is in the node. */
function readHostEnd(node: Veth, escaped: Item[], reading: Reading): HostEnd {
  const { problems } = reading;
  const [name, extra] = tokensOf(node.words, reading.uri);
  const end: Draft<HostEnd> = { source: headRange(node, reading) };
  if (extra) {
    const message = "In a pod, veth names the end in the node: veth veth1. Cables with two ends stand outside pods.";
    problems.error("unexpected-words", extra.range, message);
  }
  const dev = name && readDeviceName(name, problems);
  if (name && dev !== undefined) end.dev = { value: dev, source: name.range };
  const settings: SettingReaders = {
    mac: oneWord(reading, (word) => {
      const value = readMac(word, problems);
      if (value !== undefined) end.mac = { value, source: word.range };
    }),
    master: oneWord(reading, (word) => {
      end.master = { value: word.text, source: word.range };
    }),
  };
  escaped.push(...readSettingsOnly(node.block?.items ?? [], `veth ${name?.text ?? ""}`, settings, reading));
  return end;
}
