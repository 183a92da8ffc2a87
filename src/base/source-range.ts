/** A stretch of text in one document. Lines and columns count from 1; the end is exclusive. */
export interface SourceRange {
  readonly uri: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** `file:line:col`, as compilers print a place. */
export function formatPlace(range: SourceRange, name: string = range.uri): string {
  return `${name}:${range.line}:${range.column}`;
}
