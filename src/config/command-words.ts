/** One word of a command line, without its quotes. */
export interface CommandWord {
  readonly text: string;
  /** Some of it stood in quotes. */
  readonly quoted: boolean;
  /** Where it begins, counted from 0, and where it ends. */
  readonly start: number;
  readonly end: number;
}

export type SplitCommand = { readonly words: readonly CommandWord[] } | { readonly problem: string };

const wordPattern = /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+|["'\\]/gu;
const piecePattern = /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"'\\]+)/gu;

/** Splits a line as a POSIX shell does, without variables and patterns. Pipes and the like are refused: there is no shell. */
export function splitCommand(line: string): SplitCommand {
  const words: CommandWord[] = [];
  for (const found of line.matchAll(wordPattern)) {
    const [raw] = found;
    if (raw === '"' || raw === "'") return { problem: `The quote ${raw} is not closed.` };
    if (/^(?:[|;&<>]+|[<>].*|\d?>.*|.*;)$/.test(raw))
      return { problem: `"${raw}" is for a shell, and there is none here: write one command.` };
    const end = found.index + raw.length;
    words.push({ text: unquoted(raw), quoted: /["'\\]/.test(raw), start: found.index, end });
  }
  return { words };
}

function unquoted(raw: string): string {
  let text = "";
  for (const [, escaped, double, single, plain] of raw.matchAll(piecePattern))
    text += escaped ?? double?.replace(/\\(["\\$`])/g, "$1") ?? single ?? plain ?? "";
  return text;
}
