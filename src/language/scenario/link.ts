import { resolveNamespace } from "../resolve.ts";
import { part } from "../source.ts";
import { readChoice, readDeviceName, readNumber } from "../values.ts";
import type { StatementReader } from "./traffic.ts";

/** What `ip link set` takes for an MTU: a device for IPv4 needs 68 octets (RFC 791), and a packet has no more than 65535. */
const [smallestMtu, largestMtu] = [68, 65_535];

/** `link pod1/eth0 down`, `up`, `mtu 1400`: as `ip -n pod1 link set eth0 …`. */
export const readLink: StatementReader = (verb, tokens, head, { problems, layout }) => {
  const [path, what, value, ...more] = tokens;
  if (path === undefined || what === undefined) {
    const message = "Write which link, and what becomes of it: link pod1/eth0 down, up, or mtu 1400.";
    problems.error("incomplete-statement", (path ?? verb).range, message);
    return undefined;
  }
  const slash = path.text.lastIndexOf("/");
  if (slash < 0) {
    problems.error("bad-link", path.range, `Write whose link it is, such as pod1/${path.text}.`);
    return undefined;
  }
  const ref = resolveNamespace(part(path, 0, slash), layout.names, problems);
  const dev = readDeviceName(part(path, slash + 1, path.text.length), problems);
  if (what.text === "loss" || what.text === "delay") {
    const message = `Links that lose or delay are not simulated: k8snet explore --loss 1 tries what a lost packet does, and a packet can be dropped or held by hand.`;
    problems.error("link-without-loss", what.range, message);
    return undefined;
  }
  const change = readChoice(what, ["up", "down", "mtu"], "bad-link", "What becomes of a link", problems);
  if (change === undefined) return undefined;
  const [extra] = change === "mtu" ? more : [value];
  if (extra) problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
  if (change === "mtu" && value === undefined) {
    problems.error("missing-value", what.range, "Write how many octets: mtu 1400.");
    return undefined;
  }
  const mtu = change === "mtu" ? readNumber(value, problems, smallestMtu, largestMtu) : undefined;
  if (ref === undefined || dev === undefined || (change === "mtu" && mtu === undefined)) return undefined;
  const setting = mtu === undefined ? { up: change === "up" } : { mtu };
  const { netns } = ref;
  return { ...head, do: "configure", commands: [{ do: "link set", netns, dev, ...setting, source: head.source }] };
};
