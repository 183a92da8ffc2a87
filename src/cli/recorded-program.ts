import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { MadeEdit } from "../lab/edits/edit.ts";
import type { Lab } from "../lab/lab.ts";
import { readRecording } from "../lab/recording/read-recording.ts";
import { type Recording, recordingEnding } from "../lab/recording/recording.ts";
import type { ImportedFile, ReadImport } from "../language/imports.ts";
import { BadInput } from "./exit-code.ts";
import type { SourceFile } from "./source-file.ts";

/** What a recording's file holds, in place of the program's own. */
export interface RecordedProgram {
  readonly recording: Recording;
  readonly file: SourceFile;
  readonly readImport: ReadImport;
}

/** Reads a file that is named like a recording; undefined for any other. */
export function recordedProgram(
  source: SourceFile,
  options: { readonly scenario?: string; readonly seed?: number },
): RecordedProgram | undefined {
  if (!source.name.endsWith(recordingEnding)) return undefined;
  const recording = readRecording(source.text);
  if ("problem" in recording) throw new BadInput(`${source.name}: error: ${recording.problem}`);
  if (options.scenario !== undefined || options.seed !== undefined)
    throw new BadInput(`${source.name}: error: a recording has a scenario and a seed of its own`);
  const at = (path: string) => join(dirname(source.name), path);
  const { program } = recording;
  const file = { name: at(program.path), uri: pathToFileURL(at(program.path)).href, text: program.text };
  const imports = new Map(
    recording.imports.map(({ path, text }): [string, ImportedFile] => [
      path,
      { uri: pathToFileURL(at(path)).href, text },
    ]),
  );
  const missing = (path: string) => ({ problem: `The recording does not hold "${path}".` });
  return { recording, file, readImport: async (_program, path) => imports.get(path) ?? missing(path) };
}

/** Makes a recording's edits while its run goes on. */
export class EditReplay {
  private readonly lab: Lab;
  private readonly name: string;
  private readonly due: MadeEdit[];

  constructor(lab: Lab, name: string, edits: readonly MadeEdit[]) {
    this.lab = lab;
    this.name = name;
    this.due = [...edits];
  }

  /** Makes those that are due here, and answers how many events may be taken before the next one is. */
  applyDue(mostEvents: number): number {
    const { event } = this.lab.position();
    for (let next = this.due[0]; next !== undefined && next.position <= event; next = this.due[0]) {
      this.due.shift();
      const refusal = this.lab.hand.apply(next.edit);
      if (refusal !== undefined)
        throw new BadInput(
          `${this.name}: error: at event ${next.position} the edit "${next.edit.do}" is refused: ${refusal}`,
        );
    }
    return Math.min(mostEvents, (this.due[0]?.position ?? Number.POSITIVE_INFINITY) - event);
  }

  /** To be asked when the run is over. */
  assertDone(): void {
    const [next] = this.due;
    if (next === undefined) return;
    const { event } = this.lab.position();
    throw new BadInput(
      `${this.name}: error: it goes on to event ${next.position}, and this run is over after ${event}`,
    );
  }
}
