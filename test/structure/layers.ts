/** What each folder of src/ may import. `src/README.md` shows the same table; the test keeps them equal. */
export interface Layer {
  readonly folder: string;
  /** These folders, and what they may import. */
  readonly imports: readonly string[];
  /** These npm packages (`node:` stands for Node's own modules), and no others: not inherited. */
  readonly packages: readonly string[];
}

/** From the top of the house to the bottom: an arrow only goes down. */
export const layers: readonly Layer[] = [
  {
    folder: "vscode",
    imports: ["debug", "netns", "views"],
    packages: ["vscode", "@vscode/debugprotocol"],
  },
  { folder: "cli", imports: ["debug", "netns", "lab"], packages: ["node:", "commander"] },
  { folder: "debug", imports: ["lab"], packages: ["@vscode/debugadapter", "@vscode/debugprotocol"] },
  { folder: "views", imports: [], packages: ["@vscode/codicons"] },
  { folder: "netns", imports: ["lab", "programs"], packages: ["node:"] },
  { folder: "lab", imports: ["language", "linux", "reach"], packages: ["@marcbachmann/cel-js"] },
  { folder: "reach", imports: ["linux"], packages: [] },
  { folder: "language", imports: ["kube", "plan"], packages: ["langium", "yaml", "@marcbachmann/cel-js"] },
  { folder: "kube", imports: ["plan"], packages: ["@noble/hashes"] },
  { folder: "linux", imports: ["sim", "plan", "programs"], packages: [] },
  { folder: "plan", imports: ["config"], packages: [] },
  { folder: "programs", imports: ["wire"], packages: [] },
  { folder: "config", imports: ["wire"], packages: [] },
  { folder: "wire", imports: ["base"], packages: ["ip-address"] },
  { folder: "sim", imports: ["base"], packages: [] },
  { folder: "base", imports: [], packages: [] },
];

/** Single files that a folder may import the types of, without what stands behind them. */
export const typesOf: Readonly<Record<string, readonly string[]>> = { views: ["lab/protocol.ts"] };

/** Folders in which time, chance, and input and output are parameters. */
export const pureFolders = [
  "base",
  "wire",
  "sim",
  "config",
  "plan",
  "programs",
  "linux",
  "kube",
  "language",
  "reach",
  "lab",
];

/** Folders that only ever run in Node; all others run in a web worker or a browser, too. */
export const nodeFolders = ["cli", "netns"];
/** The extension's entry point in a Node extension host; `extension-web.ts` is its twin. */
export const nodeFiles = ["vscode/extension.ts"];

/** Files that are longer than the rule allows. Only ever shortened. */
export const longFiles: readonly string[] = [];
export const longestFileLines = 500;

/** A folder and everything it may import. */
export function reachable(folder: string): ReadonlySet<string> {
  const seen = new Set([folder]);
  for (const name of seen) for (const below of layerOf(name).imports) seen.add(below);
  return seen;
}

export function layerOf(folder: string): Layer {
  const layer = layers.find((candidate) => candidate.folder === folder);
  if (layer === undefined) throw new Error(`src/${folder} has no row in test/structure/layers.ts`);
  return layer;
}

/** The rows of the table in src/README.md. */
export function readmeRows(): readonly string[] {
  return layers.map(({ folder, imports, packages }) => {
    const files = (typesOf[folder] ?? []).map((file) => `types of ${code(file)}`);
    return `| ${code(folder)} | ${[...imports.map(code), ...files].join(", ")} | ${packages.map(code).join(", ")} |`;
  });
}

function code(text: string): string {
  return `\`${text}\``;
}
