import type { CommandWord } from "../../config/command-words.ts";
import { Complaint, type Invocation, needNetns, netnsName, type Outcome, wordsText } from "./command.ts";

/** What an option of a program means to a statement of the language; `flag` takes no value. */
type Option =
  | { readonly kind: "flag"; readonly words?: string }
  | { readonly kind: "value"; words?(value: string): string };

type Options = Readonly<Record<string, Option>>;

const ignored: Option = { kind: "flag" };
const ignoredValue: Option = { kind: "value" };
const worded = (words: string): Option => ({ kind: "flag", words });
const valued = (words: (value: string) => string): Option => ({ kind: "value", words });
const seconds = (name: string) => valued((value) => `${name} ${value.replace(/s$/, "")}s`);

const pingOptions: Options = {
  "-c": valued((value) => `count ${value}`),
  "-i": seconds("interval"),
  "-s": valued((value) => `size ${value}`),
  "-t": valued((value) => `ttl ${value}`),
  "-W": seconds("timeout"),
  "-M": valued((value) => (value === "dont" ? "mayFragment" : "dontFragment")),
  "-e": valued((value) => `id ${value}`),
  "-n": ignored,
  "-q": ignored,
  "-4": ignored,
  "-v": ignored,
};

const tracerouteOptions: Options = {
  "-m": valued((value) => `maxHops ${value}`),
  "-q": valued((value) => `queries ${value}`),
  "-w": valued((value) => `timeout ${value.split(",")[0]}s`),
  "-N": ignoredValue,
  "-I": ignored,
  "-n": ignored,
  "-4": ignored,
};

const curlOptions: Options = {
  "-m": seconds("timeout"),
  "--max-time": seconds("timeout"),
  "--connect-timeout": ignoredValue,
  "--local-port": valued((value) => `sourcePort ${value}`),
  "-s": ignored,
  "-S": ignored,
  "-sS": ignored,
  "-4": ignored,
  "-v": ignored,
  "--silent": ignored,
  "--http1.1": ignored,
};

const arpingOptions: Options = {
  "-c": valued((value) => `count ${value}`),
  "-w": seconds("timeout"),
  "-I": valued((value) => `dev ${value}`),
  "-U": worded("announce"),
  "-A": worded("answer"),
  "-q": ignored,
  "-b": ignored,
};

const netcatOptions: Options = {
  "-p": valued((value) => `sourcePort ${value}`),
  "-w": seconds("timeout"),
  "-z": ignored,
  "-v": ignored,
  "-vz": ignored,
  "-zv": ignored,
  "-n": ignored,
  "-u": ignored,
};

/** `ping [-c COUNT] … DESTINATION`; one request where no count is given. */
export function ping(invocation: Invocation): Outcome {
  const { operands, settings } = read(invocation, "ping", pingOptions);
  return sending(invocation, "ping", one(operands, "ping -c1 10.244.1.9"), settings);
}

/** `traceroute [-I] [-n] [-m HOPS] [-q PROBES] [-w SECONDS] DESTINATION`: always by echo requests, one at a time. */
export function traceroute(invocation: Invocation): Outcome {
  const { operands, settings } = read(invocation, "traceroute", tracerouteOptions);
  return sending(invocation, "traceroute", one(operands, "traceroute 10.244.2.9"), settings);
}

/** `curl [-m SECONDS] URL`. */
export function curl(invocation: Invocation): Outcome {
  const { operands, settings } = read(invocation, "curl", curlOptions);
  return sending(invocation, "curl", one(operands, "curl http://web/"), settings);
}

/** `arping [-c COUNT] [-I DEVICE] [-U|-A] ADDRESS`. */
export function arping(invocation: Invocation): Outcome {
  const { operands, settings } = read(invocation, "arping", arpingOptions);
  return sending(invocation, "arping", one(operands, "arping -c1 -I eth0 10.244.1.9"), settings);
}

/** `nc [-u] [-z] HOST PORT`. */
export function netcat(invocation: Invocation): Outcome {
  const { operands, settings } = read(invocation, "nc", netcatOptions);
  const [host, port] = operands;
  if (host === undefined || port === undefined || operands.length > 2)
    throw new Complaint("Write nc HOST PORT, with -u for UDP.");
  const isUdp = invocation.words.some(({ text }) => text === "-u");
  return sending(invocation, isUdp ? "udp" : "tcp", `${host}:${port}`, settings);
}

/** `dig [@SERVER] NAME [TYPE] [-t TYPE] [-x ADDRESS] [+short] [+search] [+tcp] [+time=N] [+tries=N]`. */
export function dig(invocation: Invocation): Outcome {
  const settings: string[] = [];
  let [name, type]: (string | undefined)[] = [undefined, undefined];
  const words = invocation.words.map(({ text }) => text);
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    const [, option, value] = /^\+(?:no)?([a-z]+)(?:=(\d+))?$/.exec(word) ?? [];
    if (word.startsWith("@")) settings.push(`server ${word.slice(1)}`);
    else if (word === "-t") type = words[++at];
    else if (word === "-x") name = words[++at];
    else if (option === "short" || option === "search" || option === "tcp") settings.push(option);
    else if (option === "time") settings.push(`timeout ${value}s`);
    else if (option === "tries") settings.push(`tries ${value}`);
    else if (word.startsWith("+") || word.startsWith("-")) throw new Complaint(`dig ${word} is not known here.`);
    else if (name === undefined) name = word;
    else type = word;
  }
  if (name === undefined) throw new Complaint("Write dig NAME, such as dig web.default.svc.cluster.local.");
  return sending(invocation, "dig", name, [...(type === undefined ? [] : [`type ${type}`]), ...settings]);
}

function sending(invocation: Invocation, verb: string, target: string, settings: readonly string[]): Outcome {
  const netns = netnsName(invocation, needNetns(invocation, `kubectl exec pod1 -- ${verb} …`));
  return { kind: "statement", statement: [verb, netns, "->", target, ...settings].join(" "), said: started };
}

function one(operands: readonly string[], example: string): string {
  if (operands.length !== 1) throw new Complaint(`Write ${example}.`);
  return operands[0];
}

/** Options as the program has them, in the words of the language; a value may be joined to a short option, `-c1`. */
function read({ words }: Invocation, program: string, options: Options) {
  const operands: string[] = [];
  const settings: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const { text } = words[at];
    if (!text.startsWith("-") || text === "-") {
      operands.push(text);
      continue;
    }
    const [name, joined] = split(text, options);
    const option = options[name];
    if (option === undefined)
      throw new Complaint(`${program} ${text} is not known here: ${Object.keys(options).join(" ")} are.`);
    if (option.kind === "flag") {
      if (option.words !== undefined) settings.push(option.words);
      continue;
    }
    const value = joined ?? words[++at]?.text;
    if (value === undefined)
      throw new Complaint(`${program}: option requires an argument -- '${name.replace(/^-+/, "")}'`);
    if (option.words !== undefined) settings.push(option.words(value));
  }
  return { operands, settings };
}

function split(text: string, options: Options): readonly [name: string, value: string | undefined] {
  const short = text.slice(0, 2);
  if (options[text] !== undefined || options[short]?.kind !== "value" || text.startsWith("--"))
    return [text, undefined];
  return [short, text.slice(2)];
}

/** A statement of the language as it stands, such as `ping pod1 -> pod2 count 3`. */
export function asStatement(words: readonly CommandWord[]): Outcome {
  const isSending = words.some(({ text }) => text === "->");
  return { kind: "statement", statement: wordsText(words), said: isSending ? started : "" };
}

/** A program prints later, as its packets move. */
const started = "Started beside the scenario, at this moment: step or continue, and it goes on.\n";
