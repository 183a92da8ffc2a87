/** One word for a POSIX shell, in single quotes where it needs them. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command as it is typed. */
export function commandLine(argv: readonly string[]): string {
  return argv.map(quoteWord).join(" ");
}

/** Text for a comment, which ends with its line. */
export function commentText(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}
