/** One `*TABLE` … `COMMIT` section of what `iptables-restore` reads. */
export interface RestoreTable {
  readonly name: "filter" | "nat";
  readonly chains: readonly RestoreChain[];
}

export interface RestoreChain {
  readonly name: string;
  /** What follows `-A CHAIN`, in order. */
  readonly rules: readonly string[];
}

/** Writes the tables as `iptables-restore --noflush` reads them: all chains first, each with counters of zero. */
export function restoreText(tables: readonly RestoreTable[]): string {
  return tables
    .flatMap(({ name, chains }) => [
      `*${name}`,
      ...chains.map((chain) => `:${chain.name} ${builtIn.has(chain.name) ? "ACCEPT" : "-"} [0:0]`),
      ...chains.flatMap((chain) => chain.rules.map((rule) => `-A ${chain.name} ${rule}`)),
      "COMMIT",
    ])
    .map((line) => `${line}\n`)
    .join("");
}

/** What is being written. */
export interface ProxyTables {
  readonly filter: RuleLists;
  readonly nat: RuleLists;
}

/** Collects the rules of one table, chain by chain. */
export class RuleLists {
  readonly #chains = new Map<string, string[]>();

  /** Makes chains, empty as yet, in this order; those that are there stay. */
  declare(...names: readonly string[]): void {
    for (const name of names) if (!this.#chains.has(name)) this.#chains.set(name, []);
  }

  /** Appends one rule to a chain, made of parts that stand one blank apart. */
  append(chain: string, ...parts: readonly string[]): void {
    this.declare(chain);
    this.#chains.get(chain)?.push(parts.join(" "));
  }

  chains(): readonly RestoreChain[] {
    return [...this.#chains].map(([name, rules]) => ({ name, rules }));
  }
}

/** `-m comment`, in quotes where it has blanks. */
export function comment(text: string): string {
  return `-m comment --comment ${text.includes(" ") ? `"${text}"` : text}`;
}

const builtIn: ReadonlySet<string> = new Set(["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]);
