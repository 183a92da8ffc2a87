import type { Edit, MadeEdit } from "../edits/edit.ts";
import { type RecordedFile, type Recording, recordingVersion } from "./recording.ts";

type Json = Readonly<Record<string, unknown>>;

/** Says what is wrong with a file; caught before anybody else sees it. */
class Unreadable extends Error {}

/** Reads a recording's file. Whatever its bytes are, the answer is a recording or a sentence. */
export function readRecording(text: string): Recording | { readonly problem: string } {
  try {
    return recordingOf(parse(text));
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message };
    throw error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (text.trim() === "") throw new Unreadable("The recording is empty.");
    const isRecording = text.trimStart().startsWith("{") && text.slice(0, 200).includes('"k8snetrun"');
    if (!isRecording) throw new Unreadable("This is no recording of k8snet: it is no JSON.");
    const isCut = !text.trimEnd().endsWith("}");
    const why = error instanceof Error ? error.message : String(error);
    throw new Unreadable(
      isCut ? "The recording ends too early: the file was cut." : `The recording is damaged: ${why}.`,
    );
  }
}

function recordingOf(value: unknown): Recording {
  if (!isObject(value) || value.format !== "k8snetrun") throw new Unreadable("This is no recording of k8snet.");
  if (value.version !== recordingVersion) throw new Unreadable(otherVersion(value.version));
  return {
    format: "k8snetrun",
    version: recordingVersion,
    ...(value.title !== undefined && { title: text(value, "title") }),
    program: file(value.program, "program"),
    imports: list(value, "imports").map((one, index) => file(one, `imports[${index}]`)),
    scenario: text(value, "scenario"),
    seed: count(value, "seed"),
    edits: inOrder(list(value, "edits").map((one, index) => madeEdit(one, `edits[${index}]`))),
    position: count(value, "position"),
    state: text(value, "state"),
  };
}

function otherVersion(version: unknown): string {
  if (typeof version !== "number") return "The recording says no version.";
  const isNewer = version > recordingVersion;
  return `The recording has version ${version}; this k8snet reads version ${recordingVersion}.${isNewer ? " Update k8snet to open it." : ""}`;
}

function file(value: unknown, place: string): RecordedFile {
  if (!isObject(value)) throw new Unreadable(`The recording is damaged: ${place} is no file.`);
  const path = text(value, "path", place);
  const leadsOut =
    path.startsWith("/") || path.includes("\\") || path.split("/").includes("..") || /^[a-z]:/i.test(path);
  if (path === "" || leadsOut) throw new Unreadable(`The recording is damaged: ${place}.path leads out of its folder.`);
  return { path, text: text(value, "text", place) };
}

function madeEdit(value: unknown, place: string): MadeEdit {
  if (!isObject(value) || !isObject(value.edit)) throw new Unreadable(`The recording is damaged: ${place} is no edit.`);
  return { position: count(value, "position", place), edit: edit(value.edit, `${place}.edit`) };
}

/** What each kind of edit consists of besides `do`. */
const shapes: Readonly<Record<Edit["do"], Readonly<Record<string, "text" | "count">>>> = {
  drop: { packet: "count" },
  duplicate: { packet: "count" },
  hold: { packet: "count" },
  release: { packet: "count" },
  choose: { packet: "count", target: "count" },
  set: { data: "text", value: "text" },
  remove: { data: "text" },
  inject: { device: "text", way: "text", frame: "text" },
  next: { event: "text" },
  statement: { text: "text" },
  bytes: { packet: "count", bytes: "text" },
};

function edit(value: Json, place: string): Edit {
  const action = text(value, "do", place);
  if (!Object.hasOwn(shapes, action))
    throw new Unreadable(`The recording has an edit "${action}" that this k8snet does not know.`);
  const members = Object.entries(shapes[action as Edit["do"]]).map(([name, kind]) => {
    return [name, kind === "text" ? text(value, name, place) : count(value, name, place)] as const;
  });
  return { do: action, ...Object.fromEntries(members) } as Edit;
}

function inOrder(edits: readonly MadeEdit[]): readonly MadeEdit[] {
  if (edits.some(({ position }, index) => index > 0 && position < edits[index - 1].position))
    throw new Unreadable("The recording is damaged: its edits are out of order.");
  return edits;
}

function text(value: Json, name: string, place = ""): string {
  const found = value[name];
  return typeof found === "string" ? found : damaged(name, place, "a text");
}

function count(value: Json, name: string, place = ""): number {
  const found = value[name];
  return Number.isSafeInteger(found) && (found as number) >= 0
    ? (found as number)
    : damaged(name, place, "a number from 0 on");
}

function list(value: Json, name: string): readonly unknown[] {
  const found = value[name];
  return Array.isArray(found) ? found : damaged(name, "", "a list");
}

function damaged(name: string, place: string, what: string): never {
  throw new Unreadable(`The recording is damaged: ${place === "" ? "" : `${place}.`}${name} is not ${what}.`);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
