import type { RuleProblem } from "../iptables/words.ts";

/** A piece of an nft script: places count from 1. */
export interface Token {
  readonly kind: "word" | "string" | "sign" | "newline" | "end";
  readonly text: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** What is wrong at one place. Caught where statements are read; never leaves this folder. */
export class BadNft extends Error {
  readonly token: Token;

  constructor(message: string, token: Token) {
    super(message);
    this.token = token;
  }
}

export function problemAt({ line, column, length }: Omit<Token, "kind" | "text">, message: string): RuleProblem {
  return { line, column, length: Math.max(length, 1), message };
}

/** Comments and blanks; then a line's end, a string, a word, a sign. */
const patterns =
  /#[^\n]*|\\\r?\n|[ \t\r]+|(\n)|"([^"\n]*)"|([A-Za-z0-9_./*\\-]+)|(==|!=|<=|>=|<<|>>|[{}()[\];:,@=<>&|^!+$"]|.)/gsu;
const kinds = ["newline", "string", "word", "sign"] as const;

/** Cuts a script into its tokens; the last one is its end. What no token begins with is a sign that nobody expects. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = 0;
  for (const found of text.matchAll(patterns)) {
    const { index } = found;
    const [all, newline, string, word, sign] = found;
    const content = newline ?? string ?? word ?? sign;
    if (content !== undefined) {
      const kind = kinds[newline !== undefined ? 0 : string !== undefined ? 1 : word !== undefined ? 2 : 3];
      tokens.push({ kind, text: content, line, column: index - lineStart + 1, length: all.length });
    }
    if (newline === undefined && !all.endsWith("\n")) continue;
    line++;
    lineStart = index + all.length;
  }
  // What is missing at the end is missing on the last line that says something.
  const last = tokens.findLast(({ kind }) => kind !== "newline");
  const end = last === undefined ? { line: 1, column: 1 } : { line: last.line, column: last.column + last.length };
  tokens.push({ kind: "end", text: "the end of the text", ...end, length: 1 });
  return tokens;
}

/** Goes through the tokens of a script. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get token(): Token {
    return this.#tokens[this.#at];
  }

  /** The one behind the next one. */
  get following(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)];
  }

  get before(): Token {
    return this.#tokens[Math.max(this.#at - 1, 0)];
  }

  next(): Token {
    const { token } = this;
    if (token.kind !== "end") this.#at++;
    return token;
  }

  /** Whether one of these words or signs comes next. */
  isAt(...texts: readonly string[]): boolean {
    const { kind, text } = this.token;
    return (kind === "word" || kind === "sign") && texts.includes(text);
  }

  /** Takes one of these words or signs if it comes next. */
  take(...texts: readonly string[]): Token | undefined {
    return this.isAt(...texts) ? this.next() : undefined;
  }

  need(text: string, why = `Here belongs "${text}".`): Token {
    return this.take(text) ?? this.fail(why);
  }

  word(what: string): Token {
    const { token } = this;
    return token.kind === "word" ? this.next() : this.fail(`${what} is missing.`);
  }

  number(what: string): number {
    const token = this.word(what);
    if (!/^(\d{1,10}|0x[0-9a-fA-F]{1,8})$/.test(token.text))
      throw new BadNft(`"${token.text}" is not a number: ${what} is.`, token);
    return Number(token.text);
  }

  string(what: string): string {
    const { token } = this;
    if (token.kind === "string" || token.kind === "word") return this.next().text;
    return this.fail(`${what} is missing.`);
  }

  skipNewlines(): void {
    while (this.token.kind === "newline") this.next();
  }

  /** Whether a statement ends here. */
  get isAtEnd(): boolean {
    const { kind, text } = this.token;
    return kind === "newline" || kind === "end" || (kind === "sign" && (text === ";" || text === "}"));
  }

  fail(message: string): never {
    throw new BadNft(message, this.token);
  }

  /** After something wrong: to the end of its statement, past blocks that it opens. */
  recover(): void {
    for (let depth = 0; this.token.kind !== "end"; this.next()) {
      if (depth === 0 && this.isAtEnd) return;
      if (this.isAt("{")) depth++;
      if (this.isAt("}")) depth--;
    }
  }
}
