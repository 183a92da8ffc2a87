/** A word of a command or of a line of `iptables-save`, without its quotes. */
export interface RuleWord {
  readonly text: string;
  /** Counted from 0. */
  readonly column: number;
  /** As many characters as it takes in the text, quotes included. */
  readonly length: number;
  readonly quoted: boolean;
}

/** Something that iptables would refuse, and where: line and column count from 1. */
export interface RuleProblem {
  readonly line: number;
  readonly column: number;
  readonly length: number;
  /** A sentence. */
  readonly message: string;
}

/** What is wrong with one line. Caught where lines are read; never leaves this folder. */
export class BadRule extends Error {
  readonly word: Pick<RuleWord, "column" | "length"> | undefined;

  /** Without a word, all of the line is meant. */
  constructor(message: string, word?: Pick<RuleWord, "column" | "length">) {
    super(message);
    this.word = word;
  }
}

/** Splits a line as `iptables-restore` does: at blanks; double quotes keep blanks, a backslash inside them the next character. */
export function splitWords(line: string): readonly RuleWord[] {
  return [...line.matchAll(wordPattern)].map((found) => {
    const { index } = found;
    const [all, inside] = found;
    const quoted = inside !== undefined;
    if (!quoted && all.startsWith('"')) throw new BadRule("The quote is not closed.", { column: index, length: 1 });
    const text = quoted ? inside.replace(/\\(.)/gu, "$1") : all;
    return { text, column: index, length: all.length, quoted };
  });
}

const wordPattern = /"((?:[^"\\]|\\.)*)"|"|[^\s"]+/gu;
