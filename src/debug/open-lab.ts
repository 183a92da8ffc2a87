import { compileLab } from "../lab/compile-lab.ts";
import { openLab } from "../lab/lab.ts";
import type { OpenLab } from "./environment.ts";

/** Compiles the file and builds the lab for one of its scenarios: what a session opens wherever it runs. */
export const openSimulatedLab: OpenLab = async ({ uri, text, scenario, seed, readImport, documents }) => {
  const { plan, diagnostics, importedFiles } = await compileLab(text, uri, { readImport });
  if (diagnostics.some((one) => one.severity === "error")) return { kind: "invalid", diagnostics };
  const scenarios = plan.scenarios.map((one) => one.name);
  if (scenario !== undefined && !scenarios.includes(scenario)) return { kind: "unknown scenario", scenarios };
  const opened = openLab(plan, { scenario, seed, program: { uri, text, imports: importedFiles }, documents });
  if ("problems" in opened) return { kind: "invalid", diagnostics: opened.problems };
  return { kind: "opened", lab: opened.lab, diagnostics };
};
