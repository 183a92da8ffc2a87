import type { SourceRange } from "../../base/source-range.ts";
import type { World } from "../../linux/world.ts";
import type { GeneratedDocument } from "../protocol.ts";
import type { RouteDocument } from "./route-document.ts";
import { RouteDocuments } from "./route-documents.ts";
import { RuleDocument, type RulePlace } from "./rule-document.ts";
import { type RulePrinter, ruleLines, rulePrinters, ruleSignature } from "./rule-lines.ts";

/** The scheme of documents that the debugger writes itself. */
export const generatedScheme = "k8snet:";

/**
 * Read-only documents that a run makes: the rules of each namespace as `iptables-save` prints them, and as `nft list ruleset`
 * does. Where a scenario changes the rules, another document begins: lines that a frame or a breakpoint refers to stay where
 * they are.
 */
export class Documents {
  readonly routes: RouteDocuments;
  private readonly world: World;
  private readonly fixed: readonly GeneratedDocument[];
  private readonly latest = new Map<string, { readonly signature: Signature; readonly document: RuleDocument }>();
  private readonly byUri = new Map<string, RuleDocument>();

  /** `fixed` are documents that stay as they are throughout the run. */
  constructor(world: World, fixed: readonly GeneratedDocument[] = []) {
    this.world = world;
    this.routes = new RouteDocuments(world, generatedScheme);
    this.fixed = fixed;
  }

  /** Any document of that name. */
  any(uri: string): GeneratedDocument | undefined {
    return this.fixed.find((one) => one.uri === uri) ?? this.walked(uri);
  }

  /** A document whose lines packets walk, with what can be stopped at. */
  walked(uri: string): RuleDocument | RouteDocument | undefined {
    return this.find(uri) ?? this.routes.find(uri);
  }

  /** All that there are now, those of namespaces without rules left out. */
  all(): readonly GeneratedDocument[] {
    return [...this.fixed, ...this.list(), ...this.routes.list()];
  }

  /** The line of a rule that a packet is tried on, in the rules of its namespace as they are now. */
  rangeOfRule(netns: number, place: RulePlace): SourceRange | undefined {
    const printer = this.world.netfilter.nftTableOf(place.chain) === 0 ? "iptables-save" : "nft";
    return this.ofNetns(netns, printer)?.rangeOf(place);
  }

  /** The rules of that name; undefined where no namespace has them. */
  find(uri: string): RuleDocument | undefined {
    const known = this.byUri.get(uri);
    if (known !== undefined) return known;
    for (const netns of this.world.namespaces.table.rows()) {
      const printer = rulePrinters.find((one) => uri === this.uriOf(netns, one, 1));
      if (printer !== undefined) return this.ofNetns(netns, printer);
    }
    return undefined;
  }

  private list(): readonly RuleDocument[] {
    return [...this.world.namespaces.table.rows()].flatMap((netns) =>
      rulePrinters.flatMap((printer) => this.ofNetns(netns, printer) ?? []),
    );
  }

  private ofNetns(netns: number, printer: RulePrinter): RuleDocument | undefined {
    const signature = ruleSignature(this.world, netns, printer);
    if (signature.length === 0) return undefined;
    const key = `${netns} ${printer}`;
    const known = this.latest.get(key);
    if (known !== undefined && areEqual(known.signature, signature)) return known.document;
    const document = this.write(netns, printer);
    this.latest.set(key, { signature, document });
    return document;
  }

  /** A document that says the same keeps its name: the world may have gone back to it. */
  private write(netns: number, printer: RulePrinter): RuleDocument {
    const lines = ruleLines(this.world, netns, printer);
    for (let version = 1; ; version++) {
      const uri = this.uriOf(netns, printer, version);
      const document = new RuleDocument(uri, lines);
      const known = this.byUri.get(uri);
      if (known !== undefined && known.text !== document.text) continue;
      this.byUri.set(uri, document);
      return document;
    }
  }

  /** `k8snet:/node1.iptables-save`; `k8snet:/node1.2.nft` after the rules changed. */
  private uriOf(netns: number, printer: RulePrinter, version: number): string {
    const name = this.world.namespaces.name.get(netns);
    return `${generatedScheme}/${name}${version === 1 ? "" : `.${version}`}.${printer}`;
  }
}

/** What is the same as long as nobody changed the rules. */
type Signature = readonly unknown[];

function areEqual(one: Signature, other: Signature): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
