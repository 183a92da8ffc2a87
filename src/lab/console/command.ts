import type { CommandWord } from "../../config/command-words.ts";
import type { World } from "../../linux/world.ts";
import { findNetns } from "../inspect/find.ts";
import type { Inspection } from "../protocol.ts";
import type { ClusterNow } from "./cluster-now.ts";

/** Why a command cannot be carried out, in the words of the program where it has some. */
export class Complaint extends Error {}

/** A command of the console, without what it is wrapped in. */
export interface Invocation {
  readonly world: World;
  /** Undefined where the lab knows no cluster, as that of a capture. */
  readonly layout: ClusterNow | undefined;
  /** The words after the program's name. */
  readonly words: readonly CommandWord[];
  /** The namespace that it runs in: what was named, else that of the frame in view; 0 where there is neither. */
  readonly netns: number;
}

export type Outcome =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly value: Inspection }
  /** A statement of the language, which becomes part of the recording; `said` is what the program prints at once. */
  | { readonly kind: "statement"; readonly statement: string; readonly said: string };

export function printed(lines: readonly string[]): Outcome {
  return { kind: "text", text: lines.map((line) => `${line}\n`).join("") };
}

/** As `-j` of iproute2 prints. */
export function printedJson(rows: readonly object[]): Outcome {
  return { kind: "text", text: `${JSON.stringify(rows)}\n` };
}

/** The namespace of that name. Complains as iproute2 does where there is none. */
export function netnsNamed(world: World, name: string): number {
  const row = findNetns(world, name);
  if (row === 0) throw new Complaint(`Cannot open network namespace "${name}": No such file or directory`);
  return row;
}

/** Complains where no namespace was named and none is in view. */
export function needNetns({ netns }: Invocation, example: string): number {
  if (netns === 0)
    throw new Complaint(
      `In which network namespace? Write ${example}, or select a frame of a packet in the call stack.`,
    );
  return netns;
}

/** How the language names a namespace. */
export function netnsName({ world }: Invocation, netns: number): string {
  return world.namespaces.name.get(netns);
}

/** The words as they were, for a statement of the language: quoted where they were. */
export function wordsText(words: readonly CommandWord[]): string {
  return words.map(({ text, quoted }) => (quoted ? JSON.stringify(text) : text)).join(" ");
}
