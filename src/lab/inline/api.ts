/** What a line stands for, as it is now: shown at its end. */
export interface InlineValue {
  readonly line: number;
  readonly text: string;
}

/** Values at the ends of lines while the lab stands still. */
export interface InlineFacet {
  /** Those of a document's lines, both included, that stand for one thing of the running network. */
  values(uri: string, firstLine: number, lastLine: number): readonly InlineValue[];
}
