import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { transformSync } from "esbuild";

export interface SourceFile {
  /** From src/ on, with forward slashes: `wire/arp.ts`. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** Made by a tool from something else. */
  readonly generated: boolean;
}

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const sourceFolder = join(import.meta.dirname, "../../src");

export function readSource(): readonly SourceFile[] {
  return readdirSync(sourceFolder, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .map((path) => ({
      path,
      folder: path.split("/")[0],
      text: readFileSync(join(sourceFolder, path), "utf8"),
      generated: path.includes("/generated/"),
    }));
}

/** Every module a file names: imports and exports, for types too, `import()` and `require()`. */
export function importsOf(text: string): readonly Import[] {
  const found: Import[] = [];
  for (const [, type, specifier] of text.matchAll(/^(?:import|export)( type)?\b[^"'`;]*?\bfrom\s*["']([^"']+)["']/gm))
    found.push({ specifier, typeOnly: type !== undefined });
  for (const [, specifier] of text.matchAll(/^import\s*["']([^"']+)["']/gm)) found.push({ specifier, typeOnly: false });
  for (const [, specifier] of text.matchAll(/\b(?:import|require)\(\s*["'`]([^"'`]+)["'`]/g))
    found.push({ specifier, typeOnly: false });
  return found;
}

/** Where a relative import leads, from src/ on; undefined for a package. Leads to `../…` if outside src/. */
export function resolveImport(from: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.normalize(posix.join(posix.dirname(from), specifier)) : undefined;
}

/** `@vscode/codicons` of `@vscode/codicons/dist/codicon.css`, `node:` of `node:fs`. */
export function packageOf(specifier: string): string {
  if (specifier.startsWith("node:")) return "node:";
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}

/**
 * Those of the given global names (`Date`, `Math.random`) that a file uses. Names of its own that happen to be called
 * the same do not count: esbuild's `define` replaces only references to globals.
 */
export function globalsUsed(text: string, names: readonly string[]): readonly string[] {
  const marks = names.map((name, index) => [name, `FORBIDDEN_GLOBAL_${index}_`] as const);
  const { code } = transformSync(text, { loader: "ts", define: Object.fromEntries(marks), treeShaking: false });
  return marks.filter(([, mark]) => code.includes(mark)).map(([name]) => name);
}
