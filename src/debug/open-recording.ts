import { generatedScheme } from "../lab/documents/documents.ts";
import type { GeneratedDocument } from "../lab/protocol.ts";
import { readRecording } from "../lab/recording/read-recording.ts";
import type { RecordedFile, Recording } from "../lab/recording/recording.ts";
import type { ImportedFile, ReadImport } from "../language/imports.ts";
import type { ClientFormat } from "./client-format.ts";
import type { DebugEnvironment } from "./environment.ts";
import { RequestError } from "./request-error.ts";

/** A recording with the files that it was made from, each by the name under which the session shows it. */
export interface RecordedProgram {
  readonly recording: Recording;
  readonly uri: string;
  readonly text: string;
  readonly readImport: ReadImport;
  /** Files that are not beside the recording, or say something else there now. */
  readonly documents: readonly GeneratedDocument[];
  readonly notes: readonly string[];
}

/**
 * Reads a recording. It runs what was recorded, whatever has become of the files since; those that still say the same are shown
 * themselves, of the others what was recorded.
 */
export async function openRecording(
  path: string,
  environment: DebugEnvironment,
  format: ClientFormat,
): Promise<RecordedProgram> {
  const text = await environment.readFile(path).catch((error: unknown) => {
    throw new RequestError(`Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  });
  const recording = readRecording(text);
  if ("problem" in recording) throw new RequestError(`${path}: ${recording.problem}`);
  const files = [recording.program, ...recording.imports];
  const known = await Promise.all(files.map((file) => locate(file, path, environment, format)));
  const imports = new Map(
    recording.imports.map((file, index): [string, ImportedFile] => {
      return [file.path, { uri: known[index + 1].uri, text: file.text }];
    }),
  );
  return {
    recording,
    uri: known[0].uri,
    text: recording.program.text,
    readImport: async (_program, asked) =>
      imports.get(asked) ?? { problem: `The recording does not hold "${asked}", which its program imports.` },
    documents: known.flatMap(({ uri, isRecorded }, index) => (isRecorded ? [{ uri, text: files[index].text }] : [])),
    notes: known.flatMap(({ note }) => note ?? []),
  };
}

interface Located {
  readonly uri: string;
  readonly isRecorded: boolean;
  readonly note?: string;
}

/** The file itself where it still stands beside the recording and says the same. */
async function locate(
  file: RecordedFile,
  recordingPath: string,
  environment: DebugEnvironment,
  format: ClientFormat,
): Promise<Located> {
  const folder = recordingPath.slice(0, Math.max(recordingPath.lastIndexOf("/"), recordingPath.lastIndexOf("\\")) + 1);
  const path = `${folder}${file.path}`;
  const now = await environment.readFile(path).catch(() => undefined);
  if (now === file.text) return { uri: format.programUri(path), isRecorded: false };
  const uri = `${generatedScheme}/recorded/${file.path}`;
  if (now === undefined) return { uri, isRecorded: true };
  return { uri, isRecorded: true, note: `${file.path} has changed since the recording, which runs it as it was.` };
}
