import type { ReadNumber, ReadString } from "./names.ts";

/** What a part of a condition gives, at one level of a packet's headers. */
export type Value =
  | {
      readonly type: "number" | "bool";
      readonly read: ReadNumber;
      readonly show?: ReadString;
      /** For an address, whose literals are strings. */
      readonly address?: "ipv4" | "mac";
      /** For what is the same of every packet. */
      readonly literal?: number;
    }
  | { readonly type: "string"; readonly read: ReadString; readonly literal?: string; readonly isStage?: boolean };
