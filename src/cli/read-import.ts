import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ReadImport } from "../language/compile.ts";

/** A manifest is text; what is longer is another kind of file. */
const maximumBytes = 16 * 1024 * 1024;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of the path is not a directory",
  EACCES: "you may not read it",
  EPERM: "you may not read it",
  ELOOP: "its symbolic links lead in a circle",
};

/** Reads an imported file from beside or below the program's; links that lead out of there are refused. */
export const readImport: ReadImport = async (programUri, path) => {
  if (!programUri.startsWith("file:")) return { problem: `"${path}" cannot be read: the program is not a file.` };
  const folder = dirname(fileURLToPath(programUri));
  const file = resolve(folder, path);
  try {
    const real = await realpath(file);
    if (leadsOut(await realpath(folder), real)) {
      return { problem: `"${path}" is a link that leads out of the program's folder; it is not followed.` };
    }
    const found = await stat(real);
    if (!found.isFile()) return { problem: `"${path}" cannot be imported: it is not a file.` };
    if (found.size > maximumBytes) return { problem: `"${path}" cannot be imported: it has ${found.size} bytes.` };
    return { uri: pathToFileURL(file).href, text: await readFile(real, "utf8") };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    return { problem: `"${path}" cannot be imported: ${reasons[code] ?? `it cannot be read (${code})`}.` };
  }
};

function leadsOut(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path === "" || path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path);
}
