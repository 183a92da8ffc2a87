import type { MadeEdit } from "../edits/edit.ts";

/** The ending of files that hold a recording. */
export const recordingEnding = ".k8snetrun";

/** Counted up when files of before can no longer be read. */
export const recordingVersion = 1;

/**
 * A run as a file: what it takes to live it again, event by event, on any machine. The same file, seed and edits give the same run, so
 * the events themselves are not in it.
 */
export interface Recording {
  readonly format: "k8snetrun";
  readonly version: typeof recordingVersion;
  /** What it shows, for people. */
  readonly title?: string;
  readonly program: RecordedFile;
  /** What the program imports, by paths relative to its folder. */
  readonly imports: readonly RecordedFile[];
  readonly scenario: string;
  readonly seed: number;
  /** In the order of the run. */
  readonly edits: readonly MadeEdit[];
  /** How many events have been taken where the run stands. */
  readonly position: number;
  /** The digest of the world's whole state there: says whether another k8snet leads to the same. */
  readonly state: string;
}

export interface RecordedFile {
  /** Without folders for the program: a recording says nothing of the machine it was made on. */
  readonly path: string;
  readonly text: string;
}

/** The text of a recording's file. */
export function printRecording(recording: Recording): string {
  return `${JSON.stringify(recording, undefined, 2)}\n`;
}
