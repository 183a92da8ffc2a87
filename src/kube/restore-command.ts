import type { SourceRange } from "../base/source-range.ts";
import { parseRuleSet } from "../config/iptables/parse-rule-set.ts";
import type { NetworkCommand } from "../plan/commands.ts";

/** `iptables-restore` of a text that we wrote. */
export function restoreCommand(netns: string, text: string, noFlush: boolean, source: SourceRange): NetworkCommand {
  const { tables } = parseRuleSet(text, { noFlush });
  return { do: "iptables-restore", netns, noFlush, tables, source };
}
