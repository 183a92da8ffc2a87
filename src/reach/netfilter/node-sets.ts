import { formatEntry, parseSetText, type SetChange, type SetEntry, type SetType } from "../../config/ipset-command.ts";
import type { RuleProblem } from "../../config/iptables/words.ts";
import { entriesFor } from "../../linux/netfilter/set-changes.ts";

/** The sets (ipset(8)) of a node, by name. */
export type NodeSets = ReadonlyMap<string, readonly SetEntry[]>;

/** The sets that `ipset save` printed, or what is wrong with the text. */
export function readNodeSets(
  text: string,
): { readonly sets: NodeSets } | { readonly problems: readonly RuleProblem[] } {
  const sets = new Map<string, { readonly type: SetType; entries: readonly SetEntry[] }>();
  const problems: RuleProblem[] = [];
  for (const one of parseSetText(text)) {
    if ("message" in one) {
      problems.push(one);
      continue;
    }
    const message = change(sets, one.command);
    if (message !== undefined) problems.push({ line: one.line, column: 1, length: 1, message });
  }
  if (problems.length > 0) return { problems };
  return { sets: new Map([...sets].map(([name, { entries }]) => [name, entries])) };
}

function change(
  sets: Map<string, { readonly type: SetType; entries: readonly SetEntry[] }>,
  command: SetChange,
): string | undefined {
  if (command.action === "create") {
    if (sets.has(command.set)) return `The set ${command.set} is created twice.`;
    sets.set(command.set, { type: command.type, entries: [] });
    return undefined;
  }
  if (command.action !== "add") return `ipset save prints create and add; "${command.action}" does not belong here.`;
  const set = sets.get(command.set);
  if (set === undefined) return `There is no set ${command.set} before this line.`;
  const known = new Set(set.entries.map(({ parts }) => formatEntry(parts)));
  const added: SetEntry[] = [];
  for (const { parts, isException } of command.entries) {
    const fitting = entriesFor(set.type, parts);
    if (typeof fitting === "string") return `${fitting.replace(/^ipset: (Syntax error: )?/, "")}.`;
    for (const one of fitting) {
      if (known.has(formatEntry(one))) return `${formatEntry(one)} is in the set ${command.set} already.`;
      added.push({ parts: one, isException });
    }
  }
  set.entries = [...set.entries, ...added];
  return undefined;
}
