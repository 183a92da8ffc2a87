import { type ProxySettings, proxyModes } from "../../kube/service-declaration.ts";
import type { Ipv4Prefix } from "../../wire/ipv4-address.ts";
import type { Token } from "../source.ts";
import { readBlock, readChoice, readDeviceName, readSwitch } from "../values.ts";
import { oneWord, type Reading, type SettingReader, type SettingReaders } from "./reading.ts";

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

const detectModes = ["ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix", "none"] as const;

/** What `cluster` says about kube-proxy, named as in KubeProxyConfiguration. */
export function proxyReaders(settings: Draft<ProxySettings>, reading: Reading): SettingReaders {
  const { problems } = reading;
  return {
    proxy: oneWord(reading, (word) => {
      settings.mode = readMode(word, reading) ?? settings.mode;
    }),
    masqueradeAll: flag(reading, (on) => {
      settings.masqueradeAll = on;
    }),
    masqueradeMark: oneWord(reading, (word) => {
      settings.masqueradeMark = readMark(word, reading) ?? settings.masqueradeMark;
    }),
    randomFully: flag(reading, (on) => {
      settings.randomFully = on;
    }),
    detectLocalMode: (tokens, _source, name) => {
      settings.localDetector = readDetector(tokens, name, reading) ?? settings.localDetector;
    },
    nodePortAddresses: (tokens, _source, name) => {
      if (tokens.length === 0) problems.error("missing-value", name.range, "Write address blocks, or primary.");
      if (tokens.length === 1 && tokens[0].text === "primary") settings.nodePortAddresses = "primary";
      else settings.nodePortAddresses = tokens.flatMap((token) => readNodePortBlock(token, reading) ?? []);
    },
    localhostNodePorts: flag(reading, (on) => {
      settings.localhostNodePorts = on;
    }),
    nfacct: (tokens) => {
      settings.nfacctCounters = tokens.map(({ text }) => text);
    },
  };
}

/** kube-proxy has one list for both families, and each takes what is of its own. */
function readNodePortBlock(token: Token, { problems }: Reading): Ipv4Prefix | undefined {
  if (!token.text.includes(":")) return readBlock(token, problems);
  problems.information("ipv6-skipped", token.range, `${token.text} is left out: k8snet speaks IPv4.`);
  return undefined;
}

function readMode(word: Token, { problems }: Reading): ProxySettings["mode"] {
  const known = proxyModes.find((mode) => mode === word.text);
  if (known === undefined) {
    problems.unknown("unknown-proxy", word.range, word.text, `There is no proxy "${word.text}".`, proxyModes);
  }
  return known;
}

/** A setting that stands alone, or with true or false. */
export function flag(reading: Reading, set: (on: boolean) => void): SettingReader {
  return (tokens) => {
    const [word, extra] = tokens;
    if (extra) reading.problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
    const on = word === undefined || readSwitch(word, reading.problems);
    if (on !== undefined) set(on);
  };
}

/** kube-proxy has one bit for its mark (`iptables.masqueradeBit`). */
function readMark({ text, range }: Token, { problems }: Reading): number | undefined {
  const mark = /^(0x[0-9a-fA-F]{1,8}|\d{1,10})$/.test(text) ? Number(text) : 0;
  if (Number.isInteger(Math.log2(mark)) && mark < 2 ** 32) return mark;
  problems.error("bad-mark", range, `"${text}" is not a mark of one bit, such as 0x4000.`);
  return undefined;
}

function readDetector(tokens: readonly Token[], name: Token, reading: Reading): ProxySettings["localDetector"] {
  const { problems } = reading;
  const [word, value, extra] = tokens;
  if (word === undefined) {
    problems.error("missing-value", name.range, `Write one of ${detectModes.join(", ")}.`);
    return undefined;
  }
  const mode = readChoice(word, detectModes, "bad-detect-local-mode", "detectLocalMode", problems);
  if (extra) problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
  if (mode === "none") return { mode };
  if (mode === "NodeCIDR" && value === undefined) return { mode };
  if (mode === "ClusterCIDR" || mode === "NodeCIDR") {
    const cidr = value && readBlock(value, problems);
    return cidr && { mode, cidr };
  }
  if (mode === undefined) return undefined;
  if (value === undefined) {
    const example = mode === "BridgeInterface" ? "BridgeInterface cbr0" : "InterfaceNamePrefix veth";
    problems.error("missing-value", word.range, `Write the name: detectLocalMode ${example}.`);
    return undefined;
  }
  const device = readDeviceName(value, problems);
  if (device === undefined) return undefined;
  return mode === "BridgeInterface" ? { mode, interface: device } : { mode, prefix: device };
}
