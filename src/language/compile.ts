import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceRange } from "../base/source-range.ts";
import { checkCluster } from "../kube/check.ts";
import { withClusterDns } from "../kube/dns/coredns.ts";
import { withIngressController } from "../kube/ingress/controller.ts";
import { type ClusterLayout, layOutCluster } from "../kube/layout.ts";
import type { ClusterModel } from "../kube/model.ts";
import { placeDeployments } from "../kube/placement.ts";
import { clusterPlaces } from "../kube/places.ts";
import { setUpCommands } from "../kube/wiring.ts";
import type { DeclaredPlace, NetworkPlan } from "../plan/plan.ts";
import type { ScenarioPlan } from "../plan/statements.ts";
import type { File } from "./generated/ast.ts";
import { type ImportedFiles, type ReadImport, readImports } from "./imports.ts";
import { parseFile, unclosedBlocks } from "./parse.ts";
import { Problems } from "./problems.ts";
import { type Declarations, readDeclarations } from "./read/cluster.ts";
import { readHubs } from "./read/hub.ts";
import type { FileReading, Reading } from "./read/reading.ts";
import { readVeth } from "./read/veth.ts";
import { readScenario } from "./scenario/scenario.ts";
import { rangeOfNode } from "./source.ts";

export type { ImportedFile, ImportedFiles, ReadImport } from "./imports.ts";
export { limits } from "./parse.ts";

/** What a file means, as far as it can be understood, and what is wrong with it. */
export interface Compilation {
  readonly uri: string;
  readonly text: string;
  /** The files that it imports, by their uris. */
  readonly imports: readonly string[];
  /** These, as they were read: with them a changed text is compiled at once. */
  readonly importedFiles: ImportedFiles;
  /** In the order of the file; without errors the plan can run. */
  readonly diagnostics: readonly Diagnostic[];
  /** Always there: what a broken file declares rightly is in it. */
  readonly plan: NetworkPlan;
  /** The tree, for editor features. */
  readonly ast: File;
  /** Names, addresses and groups of the cluster: what `pod1` in an expression or a command means. */
  readonly layout: ClusterLayout;
}

export interface CompileOptions {
  /** Without it nothing can be imported. */
  readonly readImport?: ReadImport;
}

/** Compiles one file. Broken input gives a plan and a list of problems, never a failure. */
export async function compile(text: string, uri: string, { readImport }: CompileOptions = {}): Promise<Compilation> {
  const problems = new Problems(uri);
  const ast = parseFile(text, uri, problems);
  return compileTree(ast, { uri, text, problems, imports: await readImports(ast, uri, readImport) });
}

/** As `compile`, where the imported files have been read before. */
export function compileSync(text: string, uri: string, imports: ImportedFiles = new Map()): Compilation {
  const problems = new Problems(uri);
  return compileTree(parseFile(text, uri, problems), { uri, text, problems, imports });
}

function compileTree(ast: File, reading: FileReading): Compilation {
  const { uri, text, problems } = reading;
  const declarations = readDeclarations(ast, reading);
  const layout = layOut(declarations, reading);
  problems.include(layout.problems);
  problems.include(checkCluster(layout));
  const scenarios = readScenarios(declarations, layout, reading);
  reportUnclosed(ast, reading);
  hintIfEmpty(ast, scenarios, reading);
  const plan = makePlan(uri, layout, scenarios);
  const imports = [...reading.imports.values()].flatMap((file) => ("uri" in file ? [file.uri] : []));
  return { uri, text, imports, importedFiles: reading.imports, diagnostics: problems.list(), plan, ast, layout };
}

/** Cables name namespaces, so the names are laid out before the cables are read. */
function layOut({ model: declared, veths, hubs }: Declarations, reading: Reading): ClusterLayout {
  const model = placeDeployments(withClusterDns(withIngressController(declared)));
  const withoutCables: ClusterModel = { ...model, veths: [], hubs: [] };
  if (veths.length + hubs.length === 0) return layOutCluster(withoutCables);
  const { names } = layOutCluster(withoutCables);
  const pairs = veths.flatMap((veth) => readVeth(veth, names, reading) ?? []);
  return layOutCluster({ ...model, veths: pairs, hubs: readHubs(hubs, names, reading) });
}

function readScenarios({ scenarios }: Declarations, layout: ClusterLayout, reading: Reading): ScenarioPlan[] {
  const plans: ScenarioPlan[] = [];
  for (const node of scenarios) {
    const plan = readScenario(node, { ...reading, layout });
    const other = plans.find(({ name }) => name === plan.name);
    if (other && plan.name !== "") {
      const message = `There is already a scenario "${plan.name}" (line ${other.source.line}).`;
      reading.problems.error("duplicate-name", plan.source, message);
    }
    plans.push(plan);
  }
  return plans;
}

/** A missing } is said where something stands that cannot be there; at the open { if there is no such place. */
function reportUnclosed(ast: File, { problems, uri }: Reading): void {
  const unclosed = unclosedBlocks(ast);
  const [outermost] = unclosed;
  if (outermost === undefined || problems.keepFirst("misplaced", unclosed.length) > 0) return;
  const { line, column } = rangeOfNode(outermost, uri);
  const range = { uri, line, column, endLine: line, endColumn: column + 1 };
  problems.error(
    "unclosed-block",
    range,
    "This { is never closed: a } is missing between here and the end of the file.",
  );
}

function hintIfEmpty(ast: File, scenarios: readonly ScenarioPlan[], { problems, uri, text }: Reading): void {
  const range: SourceRange = { uri, line: 1, column: 1, endLine: 1, endColumn: 1 };
  if (problems.list().some(({ severity }) => severity === "error")) return;
  if (ast.items.length === 0) {
    const what = text.trim() === "" ? "The file is empty" : "The file has comments only";
    problems.information("empty-file", range, `${what}. Begin with: node node1 { pod pod1 }.`);
  } else if (scenarios.length === 0) {
    problems.information(
      "no-scenario",
      range,
      'There is no scenario, so nothing can run: scenario "first ping" { ping pod1 -> pod2 }.',
    );
  }
}

function makePlan(uri: string, layout: ClusterLayout, scenarios: readonly ScenarioPlan[]): NetworkPlan {
  const title = uri.slice(uri.lastIndexOf("/") + 1).replace(/\.k8snet$/, "");
  const places = [...clusterPlaces(layout), ...statementPlaces(scenarios)];
  return { uri, title, setUp: () => setUpCommands(layout), scenarios, places };
}

/** A statement inside `parallel` is stopped at with the whole group: they start together. */
function statementPlaces(scenarios: readonly ScenarioPlan[]): DeclaredPlace[] {
  return scenarios.flatMap(({ statements }, scenario) =>
    statements.flatMap((top, statement) => {
      const lines = top.do === "parallel" ? [top, ...flatten(top.statements)] : [top];
      return lines.map(({ source }): DeclaredPlace => ({ kind: "statement", source, scenario, statement }));
    }),
  );
}

function flatten(statements: ScenarioPlan["statements"]): ScenarioPlan["statements"] {
  return statements.flatMap((statement) =>
    statement.do === "parallel" ? [statement, ...flatten(statement.statements)] : [statement],
  );
}
