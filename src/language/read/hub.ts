import type { HubModel, StationModel } from "../../kube/model.ts";
import type { ClusterNames } from "../../kube/names.ts";
import type { Hub } from "../generated/ast.ts";
import { span, type Token } from "../source.ts";
import { headRange, misplaced, nameToken, oneWord, type Reading, readSetting, refuseExtraWords } from "./reading.ts";
import { readEnd } from "./veth.ts";

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

/** Bits per second of the half-duplex Ethernets. At 1 Gbit/s there are no hubs. */
const speeds: Readonly<Record<string, number>> = { "10Mbit": 10_000_000, "100Mbit": 100_000_000 };
/** The longest that 10BASE-T allows. */
const defaultCableMetres = 100;
const longestCableMetres = 100_000;

/** Reads the hubs of a file; two of one name are told. */
export function readHubs(nodes: readonly Hub[], names: ClusterNames, reading: Reading): HubModel[] {
  const hubs: HubModel[] = [];
  for (const node of nodes) {
    const hub = readHub(node, names, reading);
    const other = hubs.find(({ name }) => name === hub.name);
    if (other === undefined) hubs.push(hub);
    else {
      const message = `There is already a hub ${hub.name} (line ${other.source.line}).`;
      reading.problems.error("duplicate-name", nameToken(node, reading)?.range ?? hub.source, message);
    }
  }
  return hubs;
}

/** `hub lan { speed 10Mbit; station h1/eth0 address 10.0.0.1/24 cable 100m duplex half }`. */
function readHub(node: Hub, names: ClusterNames, reading: Reading): HubModel {
  const { problems } = reading;
  const source = headRange(node, reading);
  const name = nameToken(node, reading);
  if (name === undefined) problems.error("missing-name", source, "This hub has no name.");
  refuseExtraWords(node, reading);
  const stations: StationModel[] = [];
  let bitRate = speeds["10Mbit"];
  const settings = {
    speed: oneWord(reading, (word) => {
      bitRate = readSpeed(word, reading) ?? bitRate;
    }),
    station: (tokens: readonly Token[], place: HubModel["source"], head: Token) => {
      const station = tokens.length > 0 ? readStation(tokens, names, reading) : undefined;
      if (tokens.length === 0) problems.error("missing-value", head.range, "Write station NETNS/DEVICE.");
      if (station) stations.push({ ...station, source: place });
    },
  };
  for (const item of node.block?.items ?? []) {
    if (item.$type === "Line") readSetting(item, `hub ${name?.text ?? ""}`.trimEnd(), settings, [], reading);
    else misplaced(item, "hub", reading);
  }
  return { name: name?.text ?? "", bitRate, stations, source };
}

function readSpeed(word: Token, { problems }: Reading): number | undefined {
  if (Object.hasOwn(speeds, word.text)) return speeds[word.text];
  const message = `A hub has a speed of ${Object.keys(speeds).join(" or ")}.`;
  problems.unknown("bad-speed", word.range, word.text, message, Object.keys(speeds));
  return undefined;
}

/** The end of a veth, but for what only a card on a hub has. */
function readStation(tokens: readonly Token[], names: ClusterNames, reading: Reading): StationModel | undefined {
  const { problems } = reading;
  const own: Draft<Pick<StationModel, "cableMetres" | "duplex">> = {
    cableMetres: defaultCableMetres,
    duplex: "half",
  };
  const rest: Token[] = tokens.slice(0, 1);
  for (let i = 1; i < tokens.length; i += 2) {
    const [name, value] = [tokens[i], tokens[i + 1]];
    if (name.text !== "cable" && name.text !== "duplex") rest.push(...tokens.slice(i, i + 2));
    else if (value === undefined) problems.error("missing-value", name.range, `The value of ${name.text} is missing.`);
    else if (name.text === "cable") own.cableMetres = readMetres(value, reading) ?? own.cableMetres;
    else own.duplex = readDuplex(value, reading) ?? own.duplex;
  }
  const end = readEnd(rest, names, reading, { name: "a station", options: ["cable", "duplex"] });
  return end && { ...end, ...own, source: span(tokens[0].range, tokens[tokens.length - 1].range) };
}

function readMetres(word: Token, { problems }: Reading): number | undefined {
  const match = /^(\d{1,6}(?:\.\d+)?)(m|km)$/.exec(word.text);
  const metres = match ? Number(match[1]) * (match[2] === "km" ? 1000 : 1) : Number.NaN;
  if (metres >= 1 && metres <= longestCableMetres) return metres;
  problems.error("bad-length", word.range, `"${word.text}" is not a length from 1m to 100km, such as 100m.`);
  return undefined;
}

function readDuplex(word: Token, { problems }: Reading): "half" | "full" | undefined {
  if (word.text === "half" || word.text === "full") return word.text;
  problems.unknown("bad-duplex", word.range, word.text, "duplex is half or full.", ["half", "full"]);
  return undefined;
}
