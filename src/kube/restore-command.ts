import type { SourceRange } from "../base/source-range.ts";
import { parseRuleSet } from "../config/iptables/parse-rule-set.ts";
import { parseScript } from "../config/nft/parse-script.ts";
import type { NetworkCommand } from "../plan/commands.ts";

/** `nft -f` of a text that we wrote. */
export function nftCommand(netns: string, text: string, source: SourceRange): NetworkCommand {
  return { do: "nft", netns, text, commands: parseScript(text).commands, source };
}

/** `iptables-restore` of a text that we wrote. */
export function restoreCommand(netns: string, text: string, noFlush: boolean, source: SourceRange): NetworkCommand {
  const { tables } = parseRuleSet(text, { noFlush });
  return { do: "iptables-restore", netns, noFlush, tables, source };
}
