import type { SourceRange } from "../../base/source-range.ts";
import type { World } from "../../linux/world.ts";
import type { GeneratedDocument } from "../protocol.ts";
import { RuleDocument, type RulePlace } from "./rule-document.ts";

/** The scheme of documents that the debugger writes itself. */
export const generatedScheme = "k8snet:";

/**
 * Read-only documents that a run makes: the rules of each namespace as `iptables-save` prints them. Where a scenario changes the
 * rules, another document begins: lines that a frame or a breakpoint refers to stay where they are.
 */
export class Documents {
  private readonly world: World;
  private readonly fixed: readonly GeneratedDocument[];
  private readonly latest = new Map<number, { readonly signature: Signature; readonly document: RuleDocument }>();
  private readonly byUri = new Map<string, RuleDocument>();

  /** `fixed` are documents that stay as they are throughout the run. */
  constructor(world: World, fixed: readonly GeneratedDocument[] = []) {
    this.world = world;
    this.fixed = fixed;
  }

  /** Any document of that name. */
  any(uri: string): GeneratedDocument | undefined {
    return this.fixed.find((one) => one.uri === uri) ?? this.find(uri);
  }

  /** All that there are now, those of namespaces without rules left out. */
  all(): readonly GeneratedDocument[] {
    return [...this.fixed, ...this.list()];
  }

  /** The line of a rule that a packet is tried on, in the rules of its namespace as they are now. */
  rangeOfRule(netns: number, place: RulePlace): SourceRange | undefined {
    return this.ofNetns(netns)?.rangeOf(place);
  }

  /** The rules of that name; undefined where no namespace has them. */
  find(uri: string): RuleDocument | undefined {
    const known = this.byUri.get(uri);
    if (known !== undefined) return known;
    for (const netns of this.world.namespaces.table.rows()) {
      if (uri === this.uriOf(netns, 1)) return this.ofNetns(netns);
    }
    return undefined;
  }

  private list(): readonly RuleDocument[] {
    return [...this.world.namespaces.table.rows()].flatMap((netns) => this.ofNetns(netns) ?? []);
  }

  private ofNetns(netns: number): RuleDocument | undefined {
    const signature = signatureOf(this.world, netns);
    if (signature.length === 0) return undefined;
    const known = this.latest.get(netns);
    if (known !== undefined && areEqual(known.signature, signature)) return known.document;
    const document = this.write(netns);
    this.latest.set(netns, { signature, document });
    return document;
  }

  /** A document that says the same keeps its name: the world may have gone back to it. */
  private write(netns: number): RuleDocument {
    for (let version = 1; ; version++) {
      const uri = this.uriOf(netns, version);
      const document = new RuleDocument(this.world, netns, uri);
      const known = this.byUri.get(uri);
      if (known !== undefined && known.text !== document.text) continue;
      this.byUri.set(uri, document);
      return document;
    }
  }

  /** `k8snet:/node1.iptables-save`; `k8snet:/node1.2.iptables-save` after the rules changed. */
  private uriOf(netns: number, version: number): string {
    const name = this.world.namespaces.name.get(netns);
    return `${generatedScheme}/${name}${version === 1 ? "" : `.${version}`}.iptables-save`;
  }
}

/** Chains, and the immutable lists of their rules: equal exactly as long as nobody changed them. */
type Signature = readonly unknown[];

function signatureOf({ netfilter }: World, netns: number): Signature {
  return netfilter.allChainsOf(netns).flatMap((chain) => [chain, netfilter.chainRules.get(chain)]);
}

function areEqual(one: Signature, other: Signature): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
