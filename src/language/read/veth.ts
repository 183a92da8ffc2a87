import type { Sourced, VethEnd, VethPair } from "../../kube/model.ts";
import type { ClusterNames, NamespaceRef } from "../../kube/names.ts";
import type { Ipv4Prefix } from "../../wire/ipv4-address.ts";
import type { Item, Veth } from "../generated/ast.ts";
import { resolveNamespace } from "../resolve.ts";
import { span, type Token, tokensOf } from "../source.ts";
import { readDeviceName, readMac, readNumber, readPrefix } from "../values.ts";
import { headRange, misplaced, type Reading, readSetting, type SettingReaders } from "./reading.ts";

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

const endOptions = ["mac", "address", "master"];

/** What an end belongs to, as messages name it, and the options that it has besides those of every end. */
interface EndKind {
  readonly name: string;
  readonly options: readonly string[];
}

const vethEnd: EndKind = { name: "the end of a veth", options: [] };

/**
 * Reads `veth A/eth0 [mac … address … master …] <-> B/eth0 [mac …] { mtu …; A/eth0 { mac … } }`.
 * Undefined, with a problem, where an end is missing or names nothing.
 */
export function readVeth(node: Veth, names: ClusterNames, reading: Reading): VethPair | undefined {
  const { problems, uri } = reading;
  const source = headRange(node, reading);
  const tokens = tokensOf(node.words, uri);
  const arrow = tokens.findIndex(({ text, quoted }) => text === "<->" && !quoted);
  if (arrow < 1 || arrow === tokens.length - 1) {
    const example = `${tokens[0] && arrow !== 0 ? tokens[0].text : "NETNS/DEVICE"} <-> NETNS/DEVICE`;
    problems.error("veth-one-end", source, `A veth has two ends: veth ${example}.`);
    return undefined;
  }
  const first = readEnd(tokens.slice(0, arrow), names, reading);
  const second = readEnd(tokens.slice(arrow + 1), names, reading);
  const block = readBlock(node, tokens[0], tokens[arrow + 1], first, second, reading);
  if (first === undefined || second === undefined) return undefined;
  return { ends: [first, second], mtu: block.mtu, source };
}

/** Reads `NETNS/DEVICE mac … address … master …`. */
export function readEnd(
  tokens: readonly Token[],
  names: ClusterNames,
  reading: Reading,
  kind: EndKind = vethEnd,
): Draft<VethEnd> | undefined {
  const [path, ...options] = tokens;
  const slash = path.text.lastIndexOf("/");
  if (slash <= 0) {
    const message = `"${path.text}" is not ${kind.name}: write NETNS/DEVICE, such as pod1/eth0.`;
    reading.problems.error("bad-endpoint", path.range, message);
    return undefined;
  }
  const dev = readDeviceName({ ...path, text: path.text.slice(slash + 1) }, reading.problems);
  const ref: NamespaceRef | undefined = resolveNamespace(
    { ...path, text: path.text.slice(0, slash) },
    names,
    reading.problems,
  );
  const addresses: Sourced<Ipv4Prefix>[] = [];
  const source = span(path.range, (options.at(-1) ?? path).range);
  const end: Draft<VethEnd> = { netns: ref?.netns ?? "", dev: dev ?? "", addresses, source };
  readEndOptions(options, end, reading, kind);
  return dev === undefined || ref === undefined ? undefined : end;
}

/** `mac 02:… address 10.0.0.1/24 master br0`. */
function readEndOptions(
  tokens: readonly Token[],
  end: Draft<VethEnd>,
  reading: Reading,
  kind: EndKind = vethEnd,
): void {
  const { problems } = reading;
  for (let i = 0; i < tokens.length; i += 2) {
    const [name, value] = [tokens[i], tokens[i + 1]];
    if (!endOptions.includes(name.text)) {
      const message = `${kind.name[0].toUpperCase()}${kind.name.slice(1)} has no option "${name.text}".`;
      problems.unknown("unknown-option", name.range, name.text, message, [...endOptions, ...kind.options]);
    } else if (value === undefined) {
      problems.error("missing-value", name.range, `The value of ${name.text} is missing.`);
    } else setEndOption(name.text, value, end, reading);
  }
}

function setEndOption(name: string, value: Token, end: Draft<VethEnd>, { problems }: Reading): void {
  const source = value.range;
  if (name === "master") {
    end.master = { value: value.text, source };
  } else if (name === "mac") {
    const mac = readMac(value, problems);
    if (mac !== undefined) end.mac = { value: mac, source };
  } else {
    const prefix = readPrefix(value, problems);
    if (prefix) end.addresses = [...end.addresses, { value: prefix, source }];
  }
}

/** `{ mtu 1400; A/eth0 { mac … } }`: settings of the cable, and longer ones of its ends. */
function readBlock(
  node: Veth,
  firstPath: Token,
  secondPath: Token,
  first: Draft<VethEnd> | undefined,
  second: Draft<VethEnd> | undefined,
  reading: Reading,
): { readonly mtu?: number } {
  let mtu: number | undefined;
  const settings: SettingReaders = {
    mtu: (tokens, _source, name) => {
      if (tokens[0]) mtu = readNumber(tokens[0], reading.problems, 68, 65535, "bad-mtu");
      else reading.problems.error("missing-value", name.range, "The value of mtu is missing.");
    },
  };
  for (const item of node.block?.items ?? []) {
    if (item.$type !== "Line") {
      misplaced(item, "veth", reading);
      continue;
    }
    const [head, ...options] = tokensOf(item.words, reading.uri);
    const end = head?.text === firstPath.text ? first : head?.text === secondPath.text ? second : undefined;
    if (end === undefined) readSetting(item, "veth", settings, [], reading);
    else readEndOptions([...options, ...blockOptions(item.block?.items ?? [], reading)], end, reading);
  }
  return { mtu };
}

function blockOptions(items: readonly Item[], reading: Reading): Token[] {
  return items.flatMap((item) => {
    if (item.$type === "Line") return tokensOf(item.words, reading.uri);
    misplaced(item, "the end of a veth", reading);
    return [];
  });
}
