import { parseBridgeCommand } from "../../config/bridge-command.ts";
import { parseConntrackCommand } from "../../config/conntrack-command.ts";
import { parseIpCommand } from "../../config/ip-command.ts";
import { parseSetCommand } from "../../config/ipset-command.ts";
import { parseIptablesCommand } from "../../config/iptables/command.ts";
import { parseScript } from "../../config/nft/parse-script.ts";
import { parseSysctl } from "../../config/sysctl-text.ts";
import { reportAtWord } from "../read/contents.ts";
import { readRuleBlock } from "../read/rule-block.ts";
import { resolveNamespace } from "../resolve.ts";
import type { Token } from "../source.ts";
import { readDurationNs } from "../values.ts";
import type { StatementContext } from "./context.ts";
import type { StatementReader } from "./traffic.ts";

/** `wait 5s`. */
export const readWait: StatementReader = (verb, tokens, head, { problems }) => {
  const [duration, extra] = tokens;
  if (duration === undefined) {
    problems.error("incomplete-statement", verb.range, "Write for how long: wait 5s.");
    return undefined;
  }
  if (extra) problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
  const durationNs = readDurationNs(duration, problems);
  return durationNs === undefined ? undefined : { ...head, do: "wait", durationNs };
};

/** `ip -n pod1 neigh add …`, as iproute2 reads it. */
export const readIp: StatementReader = (verb, tokens, head, context) => {
  const found = readNamespace(verb, tokens, "pod1 link set eth0 down", context);
  const { problems, uri, text } = context;
  if (found === undefined) return undefined;
  const parsed = parseIpCommand(found.words.map((word) => word.text));
  if ("error" in parsed) {
    reportAtWord("bad-ip-command", parsed.error, found.words, found.name, { uri, text, problems });
    return undefined;
  }
  const { netns } = found;
  return netns === undefined
    ? undefined
    : { ...head, do: "configure", commands: [{ ...parsed.command, netns, source: head.source }] };
};

/** `bridge -n node1 link set dev veth1 learning off`, as iproute2 reads it. */
export const readBridgeStatement: StatementReader = (verb, tokens, head, context) => {
  const found = readNamespace(verb, tokens, "node1 link set dev veth1 learning off", context);
  const { problems, uri, text } = context;
  if (found === undefined) return undefined;
  const parsed = parseBridgeCommand(found.words.map((word) => word.text));
  if ("error" in parsed) {
    reportAtWord("bad-bridge-command", parsed.error, found.words, found.name, { uri, text, problems });
    return undefined;
  }
  const { netns } = found;
  return netns === undefined
    ? undefined
    : { ...head, do: "configure", commands: [{ ...parsed.command, netns, source: head.source }] };
};

/** `iptables -n node1 -t nat -A PREROUTING …`, as iptables(8) reads it. */
export const readIptables: StatementReader = (verb, tokens, head, context) => {
  const found = readNamespace(verb, tokens, "node1 -A FORWARD -j DROP", context);
  const { problems, uri, text } = context;
  if (found === undefined) return undefined;
  const parsed = parseIptablesCommand(found.words);
  if ("error" in parsed) {
    reportAtWord("bad-iptables-command", parsed.error, found.words, found.name, { uri, text, problems });
    return undefined;
  }
  const { netns } = found;
  return netns === undefined
    ? undefined
    : { ...head, do: "configure", commands: [{ do: "iptables", ...parsed.command, netns, source: head.source }] };
};

/** `nft -n node1 add rule ip filter forward drop`, as nft(8) reads it: what has braces or semicolons stands in quotes. */
export const readNft: StatementReader = (verb, tokens, head, context) => {
  const found = readNamespace(verb, tokens, "node1 add rule ip filter forward drop", context);
  const { problems, uri, text } = context;
  if (found === undefined) return undefined;
  const script = found.words.map((word) => word.text).join(" ");
  const { commands, problems: wrong } = parseScript(script);
  if (commands.length === 0 && wrong.length === 0) {
    problems.error(
      "incomplete-statement",
      found.name.range,
      "Write what nft is to do, such as add rule ip filter forward drop.",
    );
    return undefined;
  }
  for (const { column, message } of wrong) {
    const word = wordAt(found.words, column);
    reportAtWord("bad-nft-command", { word, message }, found.words, found.name, { uri, text, problems });
  }
  const { netns } = found;
  return netns === undefined || wrong.length > 0
    ? undefined
    : { ...head, do: "configure", commands: [{ do: "nft", text: script, commands, netns, source: head.source }] };
};

/** Which word a column is in, counted from 1, when the words stand one blank apart. */
function wordAt(words: readonly Token[], column: number): number {
  let end = 0;
  return words.findIndex((word) => {
    end += word.text.length + 1;
    return column <= end;
  });
}
/** `iptables-restore -n node1 --noflush """…"""`, as in a namespace's own block. */
export const readRestore: StatementReader = (verb, tokens, head, context) => {
  const found = readNamespace(verb, tokens, 'node1 --noflush """ … """', context);
  const read = found && readRuleBlock(found.words, verb, context);
  if (read === undefined || found?.netns === undefined) return undefined;
  const { noFlush, tables } = read;
  const command = { do: "iptables-restore", netns: found.netns, noFlush, tables, source: head.source } as const;
  return { ...head, do: "configure", commands: [command] };
};

/** `ipset -n node1 add web 10.244.0.9`, as ipset(8) reads it. */
export const readIpset: StatementReader = (verb, tokens, head, context) => {
  const found = readNamespace(verb, tokens, "node1 add web 10.244.0.9", context);
  const { problems, uri, text } = context;
  if (found === undefined) return undefined;
  const parsed = parseSetCommand(found.words.map((word) => word.text));
  if ("error" in parsed) {
    reportAtWord("bad-ipset-command", parsed.error, found.words, found.name, { uri, text, problems });
    return undefined;
  }
  const { netns } = found;
  return netns === undefined
    ? undefined
    : { ...head, do: "configure", commands: [{ do: "ipset", change: parsed.command, netns, source: head.source }] };
};

/** `-n NAME` and the words after it; `netns` is undefined where nothing has that name. */
function readNamespace(
  verb: Token,
  tokens: readonly Token[],
  example: string,
  { problems, layout }: StatementContext,
): { readonly netns: string | undefined; readonly name: Token; readonly words: readonly Token[] } | undefined {
  const [option, name, ...words] = tokens;
  if (option?.text !== "-n" && option?.text !== "-netns") {
    const message = `Say in which namespace: ${verb.text} -n NAME …, such as ${verb.text} -n ${example}.`;
    problems.error("incomplete-statement", (option ?? verb).range, message);
    return undefined;
  }
  if (name === undefined) {
    problems.error("incomplete-statement", option.range, "The namespace is missing.");
    return undefined;
  }
  return { netns: resolveNamespace(name, layout.names, problems)?.netns, name, words };
}

/** `conntrack node1 -D -p udp --orig-dst 10.96.0.53`, as conntrack-tools reads it. */
export const readConntrack: StatementReader = (verb, tokens, head, context) => {
  const { problems, layout, uri, text } = context;
  const [name, ...words] = tokens;
  if (name === undefined) {
    const message = "Write where, and what to forget: conntrack node1 -D -p udp.";
    problems.error("incomplete-statement", verb.range, message);
    return undefined;
  }
  const ref = resolveNamespace(name, layout.names, problems);
  const parsed = parseConntrackCommand(words.map((word) => word.text));
  if ("error" in parsed) {
    reportAtWord("bad-conntrack-command", parsed.error, words, name, { uri, text, problems });
    return undefined;
  }
  const { netns } = ref ?? {};
  return netns === undefined
    ? undefined
    : { ...head, do: "configure", commands: [{ ...parsed.command, netns, source: head.source }] };
};

/** `sysctl pod1 net.ipv4.ip_forward=1`. */
export const readSysctl: StatementReader = (verb, tokens, head, context) => {
  const { problems, layout, uri, text } = context;
  const [name, ...words] = tokens;
  if (name === undefined) {
    problems.error("incomplete-statement", verb.range, "Write where and what: sysctl pod1 net.ipv4.ip_forward=1.");
    return undefined;
  }
  const ref = resolveNamespace(name, layout.names, problems);
  const parsed = parseSysctl(words.map((word) => word.text));
  if ("message" in parsed) {
    reportAtWord("bad-sysctl", parsed, words, name, { uri, text, problems });
    return undefined;
  }
  const { key, value } = parsed;
  return (
    ref && { ...head, do: "configure", commands: [{ do: "sysctl", key, value, netns: ref.netns, source: head.source }] }
  );
};
