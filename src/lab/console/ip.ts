import type { CommandWord } from "../../config/command-words.ts";
import { parseIpCommand } from "../../config/ip-command.ts";
import { Complaint, type Invocation, needNetns, netnsName, netnsNamed, type Outcome, wordsText } from "./command.ts";
import { showAddresses, showLinks } from "./ip-links.ts";
import { getNeighbour, showNeighbours } from "./ip-neighbours.ts";
import { getRoute } from "./ip-route-get.ts";
import { showRoutes } from "./ip-routes.ts";
import { showRules } from "./ip-rules.ts";
import { WordCursor } from "./word-cursor.ts";

/** Options of `ip` and of `bridge` before the object. */
export interface IpOptions {
  readonly json: boolean;
  readonly brief: boolean;
  readonly statistics: boolean;
  readonly details: boolean;
  readonly oneline: boolean;
  /** `-4`: what is of no IP version is left out. */
  readonly ipv4: boolean;
}

type Show = (invocation: Invocation, words: WordCursor, options: IpOptions) => Outcome;

interface IpObject {
  readonly name: "addr" | "route" | "rule" | "neigh" | "link";
  readonly show: Show;
  readonly get?: Show;
  readonly changes: readonly string[];
}

/** In the order in which iproute2 tries beginnings of words (ip/ip.c, `cmds`). */
const objects: readonly IpObject[] = [
  { name: "addr", show: showAddresses, changes: ["add", "del"] },
  { name: "route", show: showRoutes, get: getRoute, changes: ["add", "replace", "del"] },
  { name: "rule", show: showRules, changes: ["add", "del"] },
  { name: "neigh", show: showNeighbours, get: getNeighbour, changes: ["add", "replace", "del"] },
  { name: "link", show: showLinks, changes: ["set"] },
];
const longNames = { addr: "address", route: "route", rule: "rule", neigh: "neighbour", link: "link" } as const;

/** `ip [-n NETNS] [-j] [-br] [-s] OBJECT [COMMAND]`. */
export function ip(invocation: Invocation): Outcome {
  const { options, netns, rest } = readIpOptions(invocation, "ip");
  const here = { ...invocation, netns };
  const [word, ...more] = rest;
  if (word === undefined) throw new Complaint(`Write an object of ip: ${objects.map(({ name }) => name).join(", ")}.`);
  const object = objects.find(({ name }) => longNames[name].startsWith(word.text)) ?? neighbor(word.text);
  if (object === undefined) throw new Complaint(`Object "${word.text}" is unknown, try "ip help".`);
  const [action, ...args] = more;
  if (action === undefined || isShow(action.text)) return object.show(here, new WordCursor(args), options);
  if (object.get !== undefined && action.text === "get") return object.get(here, new WordCursor(args), options);
  return change(here, object, action, args);
}

function neighbor(word: string): IpObject | undefined {
  return word.length > 0 && "neighbor".startsWith(word) ? objects.find(({ name }) => name === "neigh") : undefined;
}

/** `show`, `list` and what is short for them. */
export function isShow(word: string): boolean {
  return ["show", "list", "lst"].some((one) => word.length > 0 && one.startsWith(word));
}

/** What changes something is a statement of the language, as it stands. */
function change(invocation: Invocation, object: IpObject, action: CommandWord, args: readonly CommandWord[]): Outcome {
  const known = object.changes.find((one) => one === action.text || (one === "del" && action.text === "delete"));
  if (known === undefined) {
    const all = ["show", ...(object.get ? ["get"] : []), ...object.changes].join(", ");
    throw new Complaint(`Command "${action.text}" is unknown: ip ${object.name} knows ${all} here.`);
  }
  const netns = needNetns(invocation, `ip -n pod1 ${object.name} ${action.text} …`);
  const words = [object.name, known, ...args.map(({ text }) => text)];
  const parsed = parseIpCommand(words);
  if ("error" in parsed) throw new Complaint(parsed.error.message);
  const statement = `ip -n ${netnsName(invocation, netns)} ${object.name} ${known} ${wordsText(args)}`;
  return { kind: "statement", statement, said: "" };
}

/** Options before the object; those that only colour or pretty-print are taken and ignored. */
export function readIpOptions(
  { world, words, netns: here }: Invocation,
  program: string,
): { readonly options: IpOptions; readonly netns: number; readonly rest: readonly CommandWord[] } {
  const found = { json: false, brief: false, statistics: false, details: false, oneline: false, ipv4: false };
  let netns = here;
  let at = 0;
  for (; words[at]?.text.startsWith("-"); at++) {
    const option = words[at].text.replace(/^--?/, "");
    if (option === "n" || "netns".startsWith(option)) {
      const name = words[++at];
      if (name === undefined) throw new Complaint(`${program} ${words[at - 1].text} needs the name of a namespace.`);
      netns = netnsNamed(world, name.text);
    } else if (option === "4") found.ipv4 = true;
    else if (option === "br" || (option.length > 1 && "brief".startsWith(option))) found.brief = true;
    else if ("json".startsWith(option)) found.json = true;
    else if ("statistics".startsWith(option) || option === "stats") found.statistics = true;
    else if ("details".startsWith(option)) found.details = true;
    else if ("oneline".startsWith(option)) found.oneline = true;
    else if (!["pretty", "color", "human", "N", "Numeric", "r", "resolve", "t"].some((one) => one.startsWith(option)))
      throw new Complaint(`Option "${words[at].text}" is unknown, try "${program} -help".`);
  }
  return { options: found, netns, rest: words.slice(at) };
}
