import { compileLab } from "../lab/compile-lab.ts";
import { openLab } from "../lab/lab.ts";
import { openModel } from "../lab/model/open-model.ts";
import type { OpenLab } from "./environment.ts";

/** Compiles the file and builds the lab for one of its scenarios: what a session opens wherever it runs. */
export const openSimulatedLab: OpenLab = async ({ uri, text, scenario, seed, readImport, documents }) => {
  const compilation = await compileLab(text, uri, { readImport });
  const { plan, layout, diagnostics, importedFiles } = compilation;
  if (diagnostics.some((one) => one.severity === "error")) return { kind: "invalid", diagnostics };
  const scenarios = plan.scenarios.map((one) => one.name);
  if (scenario !== undefined && !scenarios.includes(scenario)) return { kind: "unknown scenario", scenarios };
  const program = { uri, text, imports: importedFiles };
  const model = layout.model.nodes.length === 0 ? undefined : () => openModel(compilation);
  const opened = openLab(plan, { scenario, seed, program, documents, model });
  if ("problems" in opened) return { kind: "invalid", diagnostics: opened.problems };
  return { kind: "opened", lab: opened.lab, diagnostics };
};
