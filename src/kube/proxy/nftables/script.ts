/** What one transaction of nft adds, in the order in which nft takes it: whatever is named is there before. */
export class NftScript {
  readonly #table: string;
  readonly #sets = new Map<string, { readonly kind: "set" | "map"; readonly command: string }>();
  readonly #chains = new Map<string, string>();
  readonly #rules = new Map<string, string[]>();
  readonly #elements = new Map<string, string[]>();

  /** `ip kube-proxy`. */
  constructor(table: string) {
    this.#table = table;
  }

  /** A set or a map: `type ipv4_addr ; comment "…" ;`. */
  addSet(kind: "set" | "map", name: string, properties: string): void {
    this.#sets.set(name, { kind, command: `add ${kind} ${this.#table} ${name} { ${properties} }` });
  }

  /** Makes a chain, empty as yet; one that is there stays. */
  addChain(name: string, properties?: string): void {
    if (this.#chains.has(name)) return;
    const body = properties === undefined ? "" : ` { ${properties} }`;
    this.#chains.set(name, `add chain ${this.#table} ${name}${body}`);
    this.#rules.set(name, []);
  }

  /** Appends one rule to a chain, made of parts that stand one blank apart. */
  addRule(chain: string, ...parts: readonly string[]): void {
    this.addChain(chain);
    this.#rules.get(chain)?.push(parts.filter((part) => part !== "").join(" "));
  }

  addElement(set: string, element: string): void {
    const elements = this.#elements.get(set) ?? [];
    elements.push(element);
    this.#elements.set(set, elements);
  }

  get chainNames(): readonly string[] {
    return [...this.#chains.keys()];
  }

  get sets(): readonly { readonly name: string; readonly kind: "set" | "map" }[] {
    return [...this.#sets].map(([name, { kind }]) => ({ name, kind }));
  }

  /** The commands that make sets and chains, without anything that is in them. */
  declarations(): readonly string[] {
    return [...[...this.#sets.values()].map(({ command }) => command), ...this.#chains.values()];
  }

  /** The commands that fill them. */
  contents(): readonly string[] {
    const rules = [...this.#rules.keys()].flatMap((chain) => this.rulesOf(chain));
    return [...rules, ...[...this.#elements.keys()].flatMap((set) => this.elementsOf(set))];
  }

  /** The commands that fill one chain. */
  rulesOf(chain: string): readonly string[] {
    return (this.#rules.get(chain) ?? []).map((rule) => `add rule ${this.#table} ${chain} ${rule}`);
  }

  /** The commands that fill one set or map. */
  elementsOf(set: string): readonly string[] {
    return (this.#elements.get(set) ?? []).map((element) => `add element ${this.#table} ${set} { ${element} }`);
  }
}
