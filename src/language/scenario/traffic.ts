import type { Lookup } from "../../plan/names.ts";
import type { Statement } from "../../plan/statements.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { type OptionKinds, readOptions } from "../options.ts";
import { part, type Token } from "../source.ts";
import {
  deviceTowards,
  readParties,
  readTarget,
  readTargetWithPort,
  type StatementContext,
  type StatementHead,
} from "./context.ts";

/** Reads one statement; the tokens are those after the verb. */
export type StatementReader = (
  verb: Token,
  tokens: readonly Token[],
  head: StatementHead,
  context: StatementContext,
) => Statement | undefined;

const second = 1_000_000_000;
const flag = { kind: "flag" } as const;
const text = { kind: "text" } as const;
const duration = { kind: "duration" } as const;
const port = { kind: "port" } as const;
const ttl = { kind: "number", minimum: 1, maximum: 255 } as const;
const count = { kind: "number", minimum: 1, maximum: 1_000_000 } as const;

const pingOptions: OptionKinds = {
  count,
  interval: duration,
  size: { kind: "number", minimum: 0, maximum: 65507 },
  ttl,
  dontFragment: flag,
  mayFragment: flag,
  timeout: duration,
  id: { kind: "number", minimum: 0, maximum: 65535 },
};

/** `ping pod1 -> pod2 count 3 interval 1s size 56 ttl 64 mayFragment timeout 1s id 101`; defaults are iputils'. */
export const readPing: StatementReader = (verb, tokens, head, context) => {
  const parties = readParties(verb, tokens, "pod1 -> pod2", context);
  const options = readOptions(parties?.options ?? [], pingOptions, "ping", context.problems);
  const destination = parties && readTarget(parties.to, parties.from, context);
  if (parties === undefined || destination === undefined) return undefined;
  return {
    ...head,
    do: "ping",
    netns: parties.from.netns,
    destination,
    destinationText: parties.to.text,
    count: number(options.count, 1),
    intervalNs: number(options.interval, second),
    sizeBytes: number(options.size, 56),
    ttl: number(options.ttl, 64),
    dontFragment: options.mayFragment !== true,
    timeoutNs: number(options.timeout, 10 * second),
    identifier: optional(options.id),
  };
};

const tracerouteOptions: OptionKinds = {
  maxHops: ttl,
  queries: { kind: "number", minimum: 1, maximum: 10 },
  timeout: duration,
};

/** `traceroute pod1 -> pod2 maxHops 30 queries 3 timeout 5s`; defaults are traceroute's. */
export const readTraceroute: StatementReader = (verb, tokens, head, context) => {
  const parties = readParties(verb, tokens, "pod1 -> pod2", context);
  const options = readOptions(parties?.options ?? [], tracerouteOptions, "traceroute", context.problems);
  const destination = parties && readTarget(parties.to, parties.from, context);
  if (parties === undefined || destination === undefined) return undefined;
  return {
    ...head,
    do: "traceroute",
    netns: parties.from.netns,
    destination,
    destinationText: parties.to.text,
    maxHops: number(options.maxHops, 30),
    queries: number(options.queries, 3),
    timeoutNs: number(options.timeout, 5 * second),
  };
};

const udpOptions: OptionKinds = {
  port,
  payload: text,
  hex: text,
  count,
  gap: duration,
  timeout: duration,
  sourcePort: port,
  ttl,
};

/** `udp pod1 -> pod2:9000 payload "x" count 3 gap 20ms timeout 1s sourcePort 40000 ttl 64`. */
export const readUdp: StatementReader = (verb, tokens, head, context) => {
  const parties = readParties(verb, tokens, "pod1 -> pod2:9000", context);
  const options = readOptions(parties?.options ?? [], udpOptions, "udp", context.problems);
  const target = parties && readTargetWithPort(parties.to, "udp", optional(options.port), parties.from, context);
  if (parties === undefined || target === undefined) return undefined;
  return {
    ...head,
    do: "udp",
    netns: parties.from.netns,
    sourcePort: optional(options.sourcePort),
    destination: target.destination,
    destinationText: parties.to.text,
    port: target.port,
    payload: optionalText(options.payload),
    ...readHex(parties.options, context),
    count: number(options.count, 1),
    gapNs: number(options.gap, second / 50),
    timeoutNs: number(options.timeout, second),
    ttl: number(options.ttl, 64),
  };
};

/** `hex 002a0100`: the octets of the payload. */
function readHex(
  tokens: readonly Token[],
  { problems }: StatementContext,
): { readonly payloadHex: string } | undefined {
  const at = tokens.findIndex(({ text: word, quoted }) => word === "hex" && !quoted);
  const digits = at < 0 ? undefined : tokens[at + 1];
  if (digits === undefined) return undefined;
  if (/^([\da-fA-F]{2})*$/.test(digits.text)) return { payloadHex: digits.text };
  problems.error("bad-hex", digits.range, "hex takes octets of two digits each, such as 002a0100.");
  return undefined;
}

const tcpOptions: OptionKinds = { port, payload: text, timeout: duration, sourcePort: port, ttl };

/** `tcp pod1 -> pod2:8080 payload "…" timeout 5s sourcePort 40000 ttl 64`. */
export const readTcp: StatementReader = (verb, tokens, head, context) => {
  const parties = readParties(verb, tokens, "pod1 -> pod2:8080", context);
  const options = readOptions(parties?.options ?? [], tcpOptions, "tcp", context.problems);
  const target = parties && readTargetWithPort(parties.to, "tcp", optional(options.port), parties.from, context);
  if (parties === undefined || target === undefined) return undefined;
  return {
    ...head,
    do: "tcp",
    netns: parties.from.netns,
    sourcePort: optional(options.sourcePort),
    destination: target.destination,
    destinationText: parties.to.text,
    port: target.port,
    payload: optionalText(options.payload),
    timeoutNs: number(options.timeout, patience(target.destination)),
    ttl: optional(options.ttl),
  };
};

const curlOptions: OptionKinds = { timeout: duration, sourcePort: port, host: text };
const urlPattern = /^(?:(https?):\/\/)?([^/:?#]+)(?::(\d+))?([/?][^#]*)?/;

/** `curl pod1 -> http://pod2:8080/path`. */
export const readCurl: StatementReader = (verb, tokens, head, context) => {
  const { problems } = context;
  const parties = readParties(verb, tokens, "pod1 -> http://pod2:8080/", context);
  const options = readOptions(parties?.options ?? [], curlOptions, "curl", problems);
  if (parties === undefined) return undefined;
  const url = parties.to;
  const match = urlPattern.exec(url.text);
  if (match === null || match[1] === "https") {
    const message = match
      ? "https is not supported; write http://."
      : `"${url.text}" is not a URL, such as http://pod2:8080/.`;
    problems.error("bad-url", url.range, message);
    return undefined;
  }
  const [, scheme, hostName, portText, path = "/"] = match;
  const start = scheme ? scheme.length + "://".length : 0;
  const host = part(url, start, start + hostName.length + (portText === undefined ? 0 : portText.length + 1));
  const target = readTargetWithPort(host, "tcp", 80, parties.from, context);
  if (target === undefined) return undefined;
  return {
    ...head,
    do: "curl",
    netns: parties.from.netns,
    sourcePort: optional(options.sourcePort),
    url: scheme ? url.text : `http://${url.text}`,
    host: host.text,
    hostHeader: optionalText(options.host),
    path: path.startsWith("/") ? path : `/${path}`,
    destination: target.destination,
    port: target.port,
    timeoutNs: number(options.timeout, patience(target.destination)),
  };
};

/** Who looks up a name first waits for that, too. */
function patience(destination: Ipv4Address | Lookup): number {
  return typeof destination === "number" ? 5 * second : 30 * second;
}

const arpingOptions: OptionKinds = { count, timeout: duration, dev: text, announce: flag, answer: flag };

/** `arping pod1 -> 10.244.1.9 count 2`, or with `announce` (-U) or `answer` (-A) about its own address. */
export const readArping: StatementReader = (verb, tokens, head, context) => {
  const parties = readParties(verb, tokens, "pod1 -> 10.244.1.9", context);
  const options = readOptions(parties?.options ?? [], arpingOptions, "arping", context.problems);
  const target = parties && readTarget(parties.to, parties.from, context);
  if (parties === undefined || target === undefined) return undefined;
  return {
    ...head,
    do: "arping",
    netns: parties.from.netns,
    dev: optionalText(options.dev) ?? deviceTowards(parties.from, target, context.layout),
    target,
    targetText: parties.to.text,
    count: number(options.count, 1),
    mode: options.announce ? "announce" : options.answer ? "answer" : "ask",
    timeoutNs: number(options.timeout, second),
  };
};

function number(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function optional(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function optionalText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
