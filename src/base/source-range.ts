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

/** `line 5`; `services.yaml, line 5` where it is another document than the one that is spoken of. */
export function lineSeenFrom({ uri, line }: SourceRange, from: SourceRange): string {
  return uri === from.uri ? `line ${line}` : `${uri.slice(uri.lastIndexOf("/") + 1)}, line ${line}`;
}
