import type { Diagnostic } from "../../base/diagnostic.ts";
import { alikeNodes } from "../../kube/alike-nodes.ts";
import { setUpCommands } from "../../kube/wiring.ts";
import type { Compilation } from "../../language/compile.ts";
import type { SetUpCommand } from "../../plan/commands.ts";
import { ModelCheck } from "../../reach/model/check.ts";
import { build } from "../build.ts";
import { type ModelReport, reportModel } from "./report.ts";

/** Nothing of it is run, so nothing of it is recorded. */
const historyBytes = 1024 * 1024;

/** More nodes than a world can hold can still be looked at: most of them are like others. */
const harmless: ReadonlySet<string> = new Set(["too-many-nodes", "too-many-ports"]);

/** A check that is under way. */
export interface OpenModel {
  /** Follows so many pairs. True while there are more. */
  advance(pairs: number): boolean;
  /** What was found so far. */
  report(): ModelReport;
}

/** The file cannot be checked, and why; nothing is listed where its own diagnostics say it. */
export interface NoModel {
  readonly problems: readonly Diagnostic[];
}

/** Whether the errors of a file are such that its model cannot be checked. */
export function isUncheckable({ severity, code }: Diagnostic): boolean {
  return severity === "error" && !harmless.has(code);
}

/** Builds as many nodes of a file's cluster as it takes to know all of them, and begins to check the networking model. */
export function openModel(compilation: Compilation): OpenModel | NoModel {
  const { plan, layout, diagnostics } = compilation;
  if (diagnostics.some(isUncheckable)) return { problems: [] };
  if (layout.model.nodes.length === 0) return { problems: [nothingToCheck(plan.uri)] };
  const { members, kept } = alikeNodes(layout);
  const commands: SetUpCommand[] = [];
  const setUp = () => setUpCommands(layout, members);
  for (const command of setUp()) if (command.do !== "listen") commands.push(command);
  const { world, problems } = build({ setUp: () => commands }, { seed: 0, historyBytes });
  if (problems.length > 0) return { problems };
  const check = new ModelCheck(world, kept);
  return {
    advance: (pairs) => check.advance(pairs),
    report: () => reportModel(world, check, compilation, commands),
  };
}

function nothingToCheck(uri: string): Diagnostic {
  const range = { uri, line: 1, column: 1, endLine: 1, endColumn: 1 };
  const message = "There are no nodes, so the networking model of Kubernetes says nothing about this file.";
  return { severity: "error", code: "no-model", range, message };
}
