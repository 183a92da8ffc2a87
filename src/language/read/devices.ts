import type { BridgeModel, ContainerModel, InterfaceModel, ListenerModel, Sourced } from "../../kube/model.ts";
import type { ServerProgram } from "../../plan/commands.ts";
import type { DnsRecord } from "../../wire/dns.ts";
import type { Ipv4Address, Ipv4Prefix } from "../../wire/ipv4-address.ts";
import type { Bridge, Container, Interface, Item } from "../generated/ast.ts";
import type { Token } from "../source.ts";
import { readAddress, readDeviceName, readDurationNs, readMac, readNumber, readPort, readPrefix } from "../values.ts";
import { readRecord } from "./dns.ts";
import {
  headRange,
  misplaced,
  nameToken,
  oneWord,
  type Reading,
  readSetting,
  refuseExtraWords,
  type SettingReaders,
} from "./reading.ts";

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

/** Reads the lines of a block that holds settings only; the rest is reported and returned. */
export function readSettingsOnly(
  items: readonly Item[],
  owner: string,
  settings: SettingReaders,
  reading: Reading,
): Item[] {
  const escaped: Item[] = [];
  for (const item of items) {
    if (item.$type === "Line") readSetting(item, owner, settings, [], reading);
    else {
      misplaced(item, owner, reading);
      escaped.push(item);
    }
  }
  return escaped;
}

/** `bridge cbr0 { address 10.244.1.1/24; mac …; ageing 300s }`. */
export function readBridge(node: Bridge, into: BridgeModel[], reading: Reading): Item[] {
  const { problems } = reading;
  const token = nameToken(node, reading);
  const source = headRange(node, reading);
  const name = token && readDeviceName(token, problems);
  if (token === undefined) problems.error("missing-name", source, "This bridge has no name.");
  refuseExtraWords(node, reading);
  const addresses: Sourced<Ipv4Prefix>[] = [];
  const bridge: Draft<BridgeModel> = { name: name ?? "", addresses, source };
  const settings: SettingReaders = {
    address: addressSetting(addresses, reading),
    mac: oneWord(reading, (word) => {
      const value = readMac(word, problems);
      if (value !== undefined) bridge.mac = { value, source: word.range };
    }),
    ageing: oneWord(reading, (word) => {
      bridge.ageingTimeNs = readDurationNs(word, problems);
    }),
  };
  const escaped = readSettingsOnly(node.block?.items ?? [], `bridge ${bridge.name}`, settings, reading);
  if (name === undefined || token === undefined) return escaped;
  if (into.some((other) => other.name === name)) {
    problems.error("duplicate-name", token.range, `There is already a bridge ${name} here.`);
  } else into.push(bridge);
  return escaped;
}

/** `interface eth0 { address …; mac …; mtu …; master …; up|down; hairpin on|off }`: a device that a veth makes. */
export function readInterface(node: Interface, into: InterfaceModel[], reading: Reading): Item[] {
  const { problems } = reading;
  const token = nameToken(node, reading);
  const source = headRange(node, reading);
  const dev = token && readDeviceName(token, problems);
  if (token === undefined) problems.error("missing-name", source, "This interface has no name.");
  refuseExtraWords(node, reading);
  const addresses: Sourced<Ipv4Prefix>[] = [];
  const device: Draft<InterfaceModel> = { dev: dev ?? "", addresses, up: true, source };
  const settings: SettingReaders = {
    address: addressSetting(addresses, reading),
    mac: oneWord(reading, (word) => {
      const value = readMac(word, problems);
      if (value !== undefined) device.mac = { value, source: word.range };
    }),
    mtu: oneWord(reading, (word) => {
      device.mtu = readNumber(word, problems, 68, 65535, "bad-mtu");
    }),
    master: oneWord(reading, (word) => {
      device.master = { value: word.text, source: word.range };
    }),
    hairpin: oneWord(reading, (word) => {
      if (word.text === "on" || word.text === "off") device.hairpin = word.text === "on";
      else problems.unknown("bad-hairpin", word.range, word.text, "hairpin is on or off.", ["on", "off"]);
    }),
    up: () => {
      device.up = true;
    },
    down: () => {
      device.up = false;
    },
  };
  const escaped = readSettingsOnly(node.block?.items ?? [], `interface ${device.dev}`, settings, reading);
  if (dev !== undefined) into.push(device);
  return escaped;
}

/** `container web { listen tcp 8080 http }`. */
export function readContainer(node: Container, into: ContainerModel[], reading: Reading): Item[] {
  const { problems } = reading;
  const token = nameToken(node, reading);
  const source = headRange(node, reading);
  if (token === undefined) problems.error("missing-name", source, "This container has no name.");
  refuseExtraWords(node, reading);
  const listeners: ListenerModel[] = [];
  const records: DnsRecord[] = [];
  const settings: SettingReaders = {
    record: (tokens, _place, name) => {
      const record = readRecord(tokens, name, reading);
      if (record) records.push(record);
    },
    listen: (tokens, place, name) => {
      const listener = readListen(tokens, name, reading);
      if (listener) listeners.push({ ...listener, source: place });
    },
  };
  const escaped = readSettingsOnly(node.block?.items ?? [], `container ${token?.text ?? ""}`, settings, reading);
  if (token === undefined) return escaped;
  if (into.some((other) => other.name === token.text)) {
    problems.error("duplicate-name", token.range, `There is already a container ${token.text} here.`);
  } else into.push({ name: token.text, listeners, ...(records.length > 0 && { records }), source });
  return escaped;
}

const programs: readonly ServerProgram[] = ["echo", "http", "whoami", "sink", "dns"];

/** `listen tcp|udp [ADDRESS:]PORT [PROGRAM] [name NAME]`; the program is echo unless another is named. */
function readListen(
  tokens: readonly Token[],
  setting: Token,
  reading: Reading,
): Omit<ListenerModel, "source"> | undefined {
  const { problems } = reading;
  const [protocol, endpoint, ...options] = tokens;
  const [program, keyword, portName, extra] = options[0]?.text === "name" ? [undefined, ...options] : options;
  if (protocol === undefined || endpoint === undefined) {
    problems.error("missing-value", setting.range, "Write listen tcp|udp PORT, such as listen tcp 8080 http.");
    return undefined;
  }
  if (protocol.text !== "tcp" && protocol.text !== "udp") {
    problems.unknown("bad-protocol", protocol.range, protocol.text, "A server listens on tcp or udp.", ["tcp", "udp"]);
    return undefined;
  }
  const unexpected = keyword && keyword.text !== "name" ? keyword : extra;
  if (unexpected) problems.error("unexpected-words", unexpected.range, `"${unexpected.text}" does not belong here.`);
  else if (keyword && portName === undefined) {
    problems.error("missing-value", keyword.range, "The name of the port is missing: listen tcp 8080 http name web.");
  }
  const known = programs.find((candidate) => candidate === program?.text);
  if (program && !known) {
    const message = `There is no server program "${program.text}"; there are ${programs.join(", ")}.`;
    problems.unknown("unknown-program", program.range, program.text, message, programs);
  }
  const place = readEndpoint(endpoint, reading);
  const name = keyword?.text === "name" ? portName?.text : undefined;
  return place && { protocol: protocol.text, ...place, program: known ?? "echo", ...(name && { name }) };
}

function readEndpoint(
  token: Token,
  reading: Reading,
): { readonly address: Ipv4Address; readonly port: number } | undefined {
  const colon = token.text.lastIndexOf(":");
  const portToken = { ...token, text: token.text.slice(colon + 1) };
  const address = colon < 0 ? 0 : readAddress({ ...token, text: token.text.slice(0, colon) }, reading.problems);
  const port = address === undefined ? undefined : readPort(portToken, reading.problems);
  return address === undefined || port === undefined ? undefined : { address, port };
}

export function addressSetting(into: Sourced<Ipv4Prefix>[], reading: Reading): SettingReaders[string] {
  return (tokens, _source, name) => {
    if (tokens.length === 0) reading.problems.error("missing-value", name.range, "The address is missing.");
    if (tokens.length > 1) {
      reading.problems.error("unexpected-words", tokens[1].range, `"${tokens[1].text}" does not belong here.`);
    }
    const value = tokens[0] && readPrefix(tokens[0], reading.problems);
    if (value) into.push({ value, source: tokens[0].range });
  };
}
