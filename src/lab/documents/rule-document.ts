import type { SourceRange } from "../../base/source-range.ts";
import { ruleSetLines } from "../../config/iptables/print-rule-set.ts";
import { type RuleChain, type RuleTable, tableNames } from "../../config/iptables/rule-set.ts";
import { policy } from "../../linux/netfilter/rules.ts";
import type { World } from "../../linux/world.ts";

/** A rule of the simulated kernel by its chain's row and its place there; one past the last stands for the policy. */
export interface RulePlace {
  readonly chain: number;
  readonly rule: number;
}

/**
 * What `iptables-save` prints in a namespace, as a document whose lines packets walk. It shows no counters: text that
 * changed under the reader's eyes would move his breakpoints.
 */
export class RuleDocument {
  readonly uri: string;
  readonly text: string;
  private readonly lineOf = new Map<string, number>();
  private readonly places: readonly (RulePlace | undefined)[];
  private readonly widths: readonly number[];

  constructor(world: World, netns: number, uri: string) {
    this.uri = uri;
    const lines = ruleSetLines(ruleTables(world, netns));
    this.text = lines.map(({ text }) => `${text}\n`).join("");
    this.widths = lines.map(({ text }) => text.length);
    this.places = lines.map(({ table, chain, rule }, index) => {
      const row = chain === undefined ? 0 : world.netfilter.findChain(netns, table, chain);
      if (row === 0) return undefined;
      this.lineOf.set(key(row, rule ?? policyRule), index + 1);
      return { chain: row, rule: rule ?? policyRule };
    });
  }

  /** The line of a rule, of a chain's head where the policy decides. */
  rangeOf({ chain, rule }: RulePlace): SourceRange | undefined {
    const line = this.lineOf.get(key(chain, rule)) ?? this.lineOf.get(key(chain, policyRule));
    return line === undefined ? undefined : this.rangeOfLine(line);
  }

  /** What stands on a line, counted from 1: a rule, or a chain's head (`rule` is `policyRule`). */
  placeAt(line: number): RulePlace | undefined {
    return this.places[line - 1];
  }

  canStopAt(line: number): boolean {
    return this.placeAt(line) !== undefined;
  }

  rangeOfLine(line: number): SourceRange {
    return { uri: this.uri, line, column: 1, endLine: line, endColumn: (this.widths[line - 1] ?? 0) + 1 };
  }
}

/** In place of a rule's number: the head of its chain. */
export const policyRule = -1;

function key(chain: number, rule: number): string {
  return `${chain}/${rule}`;
}

const noCounters = { packets: 0, bytes: 0 };

/** The rules of a namespace as values. */
function ruleTables(world: World, netns: number): readonly RuleTable[] {
  const { netfilter } = world;
  return tableNames.flatMap((name) => {
    const rows = netfilter.chainsInOrder(netns, name);
    const chains = rows.map((row): RuleChain => {
      const decided = netfilter.chainPolicy.get(row);
      return {
        name: netfilter.chainName.get(row),
        policy: decided === policy.none ? undefined : decided === policy.drop ? "DROP" : "ACCEPT",
        counters: noCounters,
        rules: netfilter.chainRules.get(row).flatMap((rule) => netfilter.rule.get(rule) ?? []),
        line: 0,
      };
    });
    return chains.length === 0 ? [] : [{ name, chains, line: 0 }];
  });
}
