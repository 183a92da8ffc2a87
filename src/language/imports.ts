import type { File, Line } from "./generated/ast.ts";
import { type Token, tokensOf } from "./source.ts";

/** A file that a program imports, as whoever reads files gave it; or why there is none, as a sentence. */
export type ImportedFile = { readonly uri: string; readonly text: string } | { readonly problem: string };

/**
 * Reads a file for a program. The path is relative to the folder that the program stands in, its parts divided by `/`,
 * and never leads out of it; the reader makes sure that no link does, either.
 */
export type ReadImport = (programUri: string, path: string) => Promise<ImportedFile>;

/** What has been read, by the paths as the program states them. */
export type ImportedFiles = ReadonlyMap<string, ImportedFile>;

/** A program imports what people have written, not what a machine counted up; more is a mistake. */
const mostImports = 256;

/** Reads every file that a program imports, each once. */
export async function readImports(file: File, uri: string, read: ReadImport | undefined): Promise<ImportedFiles> {
  const files = new Map<string, ImportedFile>();
  if (read === undefined) return files;
  const paths = new Set(importLines(file, uri).flatMap(({ path }) => (path ? [path.text] : [])));
  for (const path of [...paths].slice(0, mostImports)) {
    if (pathProblem(path) === undefined) files.set(path, await read(uri, normalized(path)));
  }
  return files;
}

/** What an import asked for, or the sentence that refuses it. */
export function importedFile(path: string, files: ImportedFiles): ImportedFile {
  const problem = pathProblem(path);
  if (problem !== undefined) return { problem };
  return files.get(path) ?? { problem: `No files can be read here, so "${path}" is not imported.` };
}

/** The imports at the top of a file; without a path where the line states none. */
function importLines(file: File, uri: string): { readonly line: Line; readonly path?: Token }[] {
  return file.items.flatMap((item) => {
    if (item.$type !== "Line" || item.words[0]?.text !== "import") return [];
    const [, path] = tokensOf(item.words, uri);
    return [{ line: item, path }];
  });
}

function pathProblem(path: string): string | undefined {
  if (path === "") return 'The name of the file is missing: import "services.yaml".';
  if (/[*?[\]]/.test(path)) return `"${path}" is a pattern; name each file: import "services.yaml".`;
  if (path.includes("\\")) return `Write the path with "/": "${path.replaceAll("\\", "/")}".`;
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(path) || path.startsWith("/") || path.includes("\0")) {
    return `"${path}" is not a path inside this file's folder, such as "services.yaml".`;
  }
  if (normalized(path).startsWith("..")) {
    return `"${path}" leads out of this file's folder; a file can only import what stands beside or below it.`;
  }
  return undefined;
}

/** Without `.` and `..`; one that leads out begins with `..`. */
function normalized(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return "..";
  }
  return parts.join("/");
}
