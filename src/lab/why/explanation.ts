import type { SourceRange } from "../../base/source-range.ts";
import type { Expect, Statement } from "../../plan/statements.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";

/** A change of the file's text. */
export interface TextEdit {
  readonly range: SourceRange;
  readonly newText: string;
}

/** A change that might let the packet through; nobody has tried it yet. */
export interface Idea {
  /** What to do, as a command: `In node1: sysctl net.ipv4.ip_forward 1`. */
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

/** Something that was asked on the way to the decision, and the field that did not fit. */
export interface Tried {
  readonly what: string;
  readonly missed: string;
}

/** Why something came as it did, before any change was tried. */
export interface Explanation {
  /** What it is about: a packet, or the statement whose packet it was. */
  readonly subject: string;
  /** The decision, in one sentence. */
  readonly decision: string;
  /** The line that decided, or that declares who did. */
  readonly source?: SourceRange;
  /** Everything that was tried, in that order. */
  readonly tried: readonly Tried[];
  /** The packet on the other way, the connection: what one must know besides. */
  readonly related: readonly string[];
  /** The smallest change first. */
  readonly ideas: readonly Idea[];
  /** Nothing was wrong with it. */
  readonly isFine?: boolean;
  /** The statement whose packet it was. */
  readonly statement?: Statement;
  /** The expectation that failed, where one was asked about. */
  readonly expectation?: Expect;
  /** The packet where it was decided upon: what must arrive for a change to count. */
  readonly packet?: Ipv4Packet;
  /** It must arrive with the addresses that it has here: a translation is what was wrong. */
  readonly mustStayItself?: boolean;
}

/** What one kind of decision adds. */
export interface Reasons {
  readonly tried?: readonly Tried[];
  readonly related?: readonly string[];
  readonly ideas?: readonly Idea[];
  readonly source?: SourceRange;
  readonly mustStayItself?: boolean;
}

/** A change that was tried on the file, and what came of it. */
export interface Cure {
  readonly title: string;
  readonly edits: readonly TextEdit[];
  /** What was seen with it: `with it, "ping client -> server" succeeds`. */
  readonly seen: string;
}

/** The whole answer to "why not?". */
export interface WhyAnswer {
  readonly explanation: Explanation;
  readonly cures: readonly Cure[];
  /** As the console and the command line print it. */
  readonly text: string;
}
