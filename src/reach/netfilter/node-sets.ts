import { parseSetText, type SetChange, type SetEntry } from "../../config/ipset-command.ts";
import type { RuleProblem } from "../../config/iptables/words.ts";
import { noSuchSet, type SetShape, sameName, withEntries } from "../../linux/netfilter/set-entries.ts";

/** The sets (ipset(8)) of a node, by name. */
export type NodeSets = ReadonlyMap<string, readonly SetEntry[]>;

interface ReadSet extends SetShape {
  readonly entries: readonly SetEntry[];
}

/** The sets that `ipset save` printed, at the time when it did; or what `ipset restore` would refuse in the text. */
export function readNodeSets(
  text: string,
): { readonly sets: NodeSets } | { readonly problems: readonly RuleProblem[] } {
  const sets = new Map<string, ReadSet>();
  const problems: RuleProblem[] = [];
  for (const one of parseSetText(text)) {
    if ("message" in one) {
      problems.push(one);
      continue;
    }
    const message = change(sets, one.command);
    if (message !== undefined) problems.push({ line: one.line, column: 1, length: 1, message: sentence(message) });
  }
  if (problems.length > 0) return { problems };
  return { sets: new Map([...sets].map(([name, { entries }]) => [name, entries])) };
}

function change(sets: Map<string, ReadSet>, command: SetChange): string | undefined {
  if (command.action === "create") {
    if (sets.has(command.set)) return sameName;
    sets.set(command.set, { type: command.type, timeoutSeconds: command.timeoutSeconds ?? -1, entries: [] });
    return undefined;
  }
  if (command.action !== "add") return `ipset save prints create and add; "${command.action}" does not belong here`;
  const set = sets.get(command.set);
  if (set === undefined) return noSuchSet;
  const entries = withEntries(set, set.entries, command.entries, 0, command.isForced);
  if (typeof entries === "string") return entries;
  sets.set(command.set, { ...set, entries });
  return undefined;
}

/** ipset's words without its name, as the other diagnostics are written. */
function sentence(message: string): string {
  return `${message.replace(/^ipset: (Syntax error: )?/, "")}.`;
}
