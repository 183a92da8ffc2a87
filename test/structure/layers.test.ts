import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  layerOf,
  layers,
  longestFileLines,
  longFiles,
  nodeFiles,
  nodeFolders,
  pureFolders,
  reachable,
  readmeRows,
  typesOf,
} from "./layers.ts";
import { globalsUsed, importsOf, packageOf, readSource, resolveImport, type SourceFile } from "./source.ts";

const files = readSource();
const src = join(import.meta.dirname, "../../src");

/** Time, chance, input and output. */
const impureGlobals = [
  ...["Date", "performance", "Math.random", "crypto", "console", "fetch"],
  ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "requestAnimationFrame"],
  ...["XMLHttpRequest", "WebSocket", "Worker", "localStorage", "indexedDB", "globalThis", "eval"],
];
/** What a web worker does not have. */
const nodeGlobals = ["process", "Buffer", "require", "__dirname", "__filename", "global", "setImmediate"];

describe("Imports go down only", () => {
  it("the table has an arrow from a folder only to folders that stand below it", () => {
    const order = layers.map((layer) => layer.folder);
    const upward = layers.flatMap(({ folder, imports }) =>
      imports.filter((below) => order.indexOf(below) <= order.indexOf(folder)).map((below) => `${folder} -> ${below}`),
    );
    expect(upward).toEqual([]);
  });

  it("every file stands in a folder that the table names", () => {
    const strays = files.filter(({ folder }) => !layers.some((layer) => layer.folder === folder));
    expect(strays.map((file) => file.path)).toEqual([]);
  });

  it("no file imports what its folder's row does not name", () => {
    expect(files.flatMap(forbiddenArrows)).toEqual([]);
  });

  it("every relative import names a file that is there", () => {
    const missing = files.flatMap((file) =>
      importsOf(file.text)
        .map(({ specifier }) => resolveImport(file.path, specifier))
        .filter((target) => target !== undefined && !existsSync(join(src, target)))
        .map((target) => `${file.path} imports ${target}`),
    );
    expect(missing).toEqual([]);
  });

  it("src/README.md shows the same table", () => {
    const readme = readFileSync(join(src, "README.md"), "utf8");
    const rows = readme.split("\n").filter((line) => /^\| `\w+` (\|[^|]*){2}\|$/.test(line));
    expect(rows).toEqual(readmeRows());
  });
});

describe("Time, chance, input and output are passed in", () => {
  it.each(pureFolders)("src/%s uses no clock, no chance, no timers, no input or output", (folder) => {
    expect(usesOf(folder, [...impureGlobals, ...nodeGlobals])).toEqual([]);
  });

  it.each(
    layers
      .map((layer) => layer.folder)
      .filter((folder) => !pureFolders.includes(folder) && !nodeFolders.includes(folder)),
  )("src/%s uses nothing that a web worker lacks", (folder) => {
    expect(usesOf(folder, nodeGlobals)).toEqual([]);
  });
});

describe("A file is one idea", () => {
  const long = files.filter((file) => !file.generated && lineCount(file) > longestFileLines).map((file) => file.path);

  it(`no file is longer than ${longestFileLines} lines`, () => {
    expect(long.filter((path) => !longFiles.includes(path))).toEqual([]);
  });

  it("what has become short enough is off the list of exceptions", () => {
    expect(longFiles.filter((path) => !long.includes(path))).toEqual([]);
  });
});

describe("The checks see what they are to see", () => {
  const file = (path: string, text: string): SourceFile => ({
    path,
    folder: path.split("/")[0],
    text,
    generated: false,
  });

  it.each([
    ["wire/x.ts", 'import type { Table } from "../sim/table.ts";', "wire/x.ts imports sim/table.ts"],
    ["wire/x.ts", 'import {\n  Table,\n} from "../sim/table.ts";', "wire/x.ts imports sim/table.ts"],
    ["wire/x.ts", 'export * from "../lab/api.ts";', "wire/x.ts imports lab/api.ts"],
    ["wire/x.ts", 'let lab: import("../lab/api.ts").DebugLab;', "wire/x.ts imports lab/api.ts"],
    ["lab/x.ts", 'import "node:fs";', "lab/x.ts imports node:fs"],
    ["debug/x.ts", 'import * as vscode from "vscode";', "debug/x.ts imports vscode"],
    ["views/x.ts", 'import { scenarioThreadId } from "../lab/protocol.ts";', "views/x.ts imports lab/protocol.ts"],
    [
      "lab/x.ts",
      'import { it } from "../../test/structure/source.ts";',
      "lab/x.ts imports ../test/structure/source.ts",
    ],
  ])("%s: %s", (path, text, complaint) => {
    expect(forbiddenArrows(file(path, text))).toEqual([complaint]);
  });

  it.each([
    ["views/x.ts", 'import type { TreeRow } from "../lab/protocol.ts";'],
    ["wire/x.ts", 'import { Address4 } from "ip-address";'],
    ["cli/x.ts", 'import { readFileSync } from "node:fs";'],
    ["lab/x.ts", 'import type { Diagnostic } from "../base/diagnostic.ts";'],
  ])("%s may: %s", (path, text) => {
    expect(forbiddenArrows(file(path, text))).toEqual([]);
  });

  it("a global is found, a name of one's own is not", () => {
    expect(globalsUsed("const at = Date.now();", impureGlobals)).toEqual(["Date"]);
    expect(globalsUsed("const x = Math.random() + Math.max(1, 2);", impureGlobals)).toEqual(["Math.random"]);
    expect(globalsUsed("process.exit(1);", nodeGlobals)).toEqual(["process"]);
    expect(globalsUsed("function end(process: { exit(): void }) { process.exit(); }", nodeGlobals)).toEqual([]);
    expect(globalsUsed('const text = "Date.now()"; // Date', impureGlobals)).toEqual([]);
  });
});

function forbiddenArrows(file: SourceFile): readonly string[] {
  const allowedFolders = reachable(file.folder);
  const { packages } = layerOf(file.folder);
  return importsOf(file.text)
    .filter(({ specifier, typeOnly }) => {
      const target = resolveImport(file.path, specifier);
      if (target === undefined) return !packages.includes(packageOf(specifier));
      // The version number is in the manifest and nowhere else.
      if (target === "../package.json") return file.folder !== "cli";
      return !allowedFolders.has(target.split("/")[0]) && !(typeOnly && typesOf[file.folder]?.includes(target));
    })
    .map(({ specifier }) => `${file.path} imports ${resolveImport(file.path, specifier) ?? specifier}`);
}

function usesOf(folder: string, names: readonly string[]): readonly string[] {
  return files
    .filter((file) => file.folder === folder && !nodeFiles.includes(file.path))
    .flatMap((file) => globalsUsed(file.text, names).map((name) => `${file.path} uses ${name}`));
}

function lineCount(file: SourceFile): number {
  return file.text.split("\n").length - 1;
}
