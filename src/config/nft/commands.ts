import type { WrittenElement } from "./elements.ts";
import type { BaseChain, Family, NftRule, SetDefinition } from "./rule-set.ts";
import type { Token } from "./tokens.ts";

/** Where a command stands, and what it is about. */
interface OfTable {
  readonly family: Family;
  readonly table: string;
  /** What a failure is shown at. */
  readonly place: Token;
}

/** One command of nft, as `nft -f` takes many: all of them are done, or none. */
export type NftCommand =
  | { readonly do: "flush ruleset"; readonly family?: Family; readonly place: Token }
  | (OfTable & { readonly do: "add table"; readonly create: boolean; readonly comment?: string })
  | (OfTable & { readonly do: "delete table"; readonly mayBeGone: boolean })
  | (OfTable & { readonly do: "flush table" })
  | (OfTable & {
      readonly do: "add chain";
      readonly create: boolean;
      readonly chain: string;
      readonly base?: Omit<BaseChain, "policy">;
      /** Absent: that of a chain that is there stays. */
      readonly policy?: BaseChain["policy"];
      readonly comment?: string;
    })
  | (OfTable & { readonly do: "delete chain"; readonly chain: string; readonly mayBeGone: boolean })
  | (OfTable & { readonly do: "flush chain"; readonly chain: string })
  | (OfTable & {
      readonly do: "add rule";
      readonly chain: string;
      readonly rule: NftRule;
      /** Put before the rule at `index` (0: the first), or behind it. Absent: at the end. */
      readonly where?: { readonly side: "before" | "behind"; readonly index: number };
    })
  | (OfTable & { readonly do: "add set"; readonly create: boolean; readonly definition: SetDefinition })
  | (OfTable & { readonly do: "delete set"; readonly set: string; readonly mayBeGone: boolean })
  | (OfTable & { readonly do: "flush set"; readonly set: string; readonly isMap: boolean })
  | (OfTable & {
      readonly do: "add elements";
      readonly create: boolean;
      readonly set: string;
      readonly elements: readonly WrittenElement[];
    })
  | (OfTable & {
      readonly do: "delete elements";
      readonly set: string;
      readonly elements: readonly WrittenElement[];
      readonly mayBeGone: boolean;
    });
