import { parseIpCommand } from "../../config/ip-command.ts";
import { parseSysctl } from "../../config/sysctl-text.ts";
import { reportAtWord } from "../read/contents.ts";
import { resolveNamespace } from "../resolve.ts";
import { readDurationNs } from "../values.ts";
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
  const { problems, layout, uri, text } = context;
  const [option, name, ...words] = tokens;
  if (option?.text !== "-n" && option?.text !== "-netns") {
    const message = "Say in which namespace: ip -n NAME …, such as ip -n pod1 link set eth0 down.";
    problems.error("incomplete-statement", (option ?? verb).range, message);
    return undefined;
  }
  if (name === undefined) {
    problems.error("incomplete-statement", option.range, "The namespace is missing.");
    return undefined;
  }
  const ref = resolveNamespace(name, layout.names, problems);
  const parsed = parseIpCommand(words.map((word) => word.text));
  if ("error" in parsed) {
    reportAtWord("bad-ip-command", parsed.error, words, name, { uri, text, problems });
    return undefined;
  }
  return ref && { ...head, do: "configure", command: { ...parsed.command, netns: ref.netns, source: head.source } };
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
    ref && { ...head, do: "configure", command: { do: "sysctl", key, value, netns: ref.netns, source: head.source } }
  );
};
