import type { World } from "../../linux/world.ts";
import type { DeclaredPlace, NetworkPlan } from "../../plan/plan.ts";
import type { Documents } from "../documents/documents.ts";
import { policyRule, type RulePlace } from "../documents/rule-document.ts";
import type { InlineFacet, InlineValue } from "./api.ts";
import { textOfPlace } from "./place-text.ts";

/** See `InlineFacet`. */
export class InlineValues implements InlineFacet {
  private readonly world: World;
  private readonly plan: NetworkPlan;
  private readonly documents: Documents;

  constructor(world: World, plan: NetworkPlan, documents: Documents) {
    this.world = world;
    this.plan = plan;
    this.documents = documents;
  }

  values(uri: string, firstLine: number, lastLine: number): readonly InlineValue[] {
    const isAsked = ({ source }: DeclaredPlace) =>
      source.uri === uri && source.line >= firstLine && source.line <= lastLine;
    const byLine = new Map<number, string[]>();
    for (const place of this.plan.places) {
      if (!isAsked(place)) continue;
      const text = textOfPlace(this.world, place);
      if (text !== undefined) byLine.set(place.source.line, [...(byLine.get(place.source.line) ?? []), text]);
    }
    const declared = [...byLine].map(([line, texts]) => ({ line, text: [...new Set(texts)].join(" · ") }));
    return [...declared, ...this.ofRules(uri, firstLine, lastLine)].sort((a, b) => a.line - b.line);
  }

  /** Counters of what a document that the run makes shows: text that changed would move breakpoints. */
  private ofRules(uri: string, firstLine: number, lastLine: number): readonly InlineValue[] {
    const document = this.documents.find(uri);
    if (document === undefined) return [];
    const values: InlineValue[] = [];
    for (let line = firstLine; line <= lastLine; line++) {
      const place = document.placeAt(line);
      const text = place === undefined ? undefined : this.countersOf(place);
      if (text !== undefined) values.push({ line, text });
    }
    return values;
  }

  private countersOf({ chain, rule }: RulePlace): string | undefined {
    const { netfilter } = this.world;
    if (!netfilter.chains.has(chain)) return undefined;
    if (rule === policyRule)
      return netfilter.chainHook.get(chain) < 0
        ? undefined
        : `[${netfilter.chainPackets.get(chain)}:${netfilter.chainBytes.get(chain)}]`;
    const row = netfilter.chainRules.get(chain)[rule];
    return row === undefined ? undefined : `[${netfilter.rulePackets.get(row)}:${netfilter.ruleBytes.get(row)}]`;
  }
}
