import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { BadInput } from "./exit-code.ts";

/** A program as the command line names it. */
export interface SourceFile {
  /** As the user wrote it, for messages. */
  readonly name: string;
  readonly uri: string;
  readonly text: string;
}

/** No program is so long; it is another kind of file. */
const maximumBytes = 64 * 1024 * 1024;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file: a part of the path is not a directory",
  EACCES: "you may not read this file",
  EPERM: "you may not read this file",
  ELOOP: "its symbolic links lead in a circle",
  ENAMETOOLONG: "the name is too long",
};

/** Reads a program, whatever its bytes are; the compiler complains about those. Rejects with `BadInput`. */
export async function readSourceFile(name: string): Promise<SourceFile> {
  await refuseOthers(name);
  const bytes = await readFile(name).catch((error) => refuse(name, error));
  return { name, uri: pathToFileURL(resolve(name)).href, text: new TextDecoder().decode(bytes) };
}

/** Pipes are welcome: `k8snet check <(generate)`. */
async function refuseOthers(name: string): Promise<void> {
  const found = await stat(name).catch((error) => refuse(name, error));
  if (found.isDirectory())
    throw new BadInput(
      `${name}: error: this is a directory; name the files in it: ${name.replace(/\/+$/, "")}/*.k8snet`,
    );
  if (found.isBlockDevice() || found.isCharacterDevice() || found.isSocket())
    throw new BadInput(`${name}: error: this is a device or a socket, not a file`);
  if (found.size > maximumBytes)
    throw new BadInput(`${name}: error: the file has ${found.size} bytes; k8snet reads no more than ${maximumBytes}`);
}

function refuse(name: string, error: NodeJS.ErrnoException): never {
  throw new BadInput(`${name}: error: ${reasons[error.code ?? ""] ?? `it cannot be read (${error.code})`}`);
}
