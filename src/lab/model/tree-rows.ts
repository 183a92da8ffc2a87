import type { TreeRow } from "../protocol.ts";
import type { NoModel, OpenModel } from "./open-model.ts";
import type { ModelFinding, ModelReport } from "./report.ts";

/**
 * Commands of the set-up and pairs that the row waits for, some 100 µs each. 150,000 pods in 5,000 nodes that are alike take
 * 1,000 of them; what takes more is so varied that only `k8snet check --model` and the editor, in the background, go through it.
 */
const mostSteps = 3_000;

const icons: Readonly<Record<ModelFinding["kind"], string>> = {
  refuted: "error",
  "black-hole": "warning",
  note: "info",
};

/** What the check comes to within its bound, or that it does not. Undefined: there are no pods. */
type Result = ModelReport | "unfinished" | undefined;

/**
 * The row of the state tree that says whether the networking model of Kubernetes holds for the network as the file sets it up,
 * and below it the reasons why not. Unlike other rows it is about the beginning, wherever the run stands: it is the same at every
 * stop. The check is made in one go when the row is first looked at.
 */
export class ModelRows {
  static readonly rootId = "model:";
  readonly #open: () => OpenModel | NoModel;
  #result: { readonly is: Result } | undefined;

  constructor(open: () => OpenModel | NoModel) {
    this.#open = open;
  }

  root(): TreeRow {
    const base = { id: ModelRows.rootId, kind: "table", label: "networking model", open: false } as const;
    const result = this.#check();
    if (result === undefined)
      return { ...base, icon: "info", description: "says nothing about this network", expandable: false };
    if (result === "unfinished") {
      const description = "too varied to be checked here: k8snet check --model";
      return { ...base, icon: "info", description, expandable: false };
    }
    const { holds, findings } = result;
    return {
      ...base,
      icon: holds ? "pass" : "error",
      description: holds ? "holds at the beginning" : "does not hold at the beginning",
      expandable: findings.length > 0,
    };
  }

  reasons(): readonly TreeRow[] {
    const result = this.#check();
    const findings = result === undefined || result === "unfinished" ? [] : result.findings;
    return findings.map(({ kind, from, to, message, range }, index): TreeRow => {
      const label = `${from} → ${to}`;
      const row = { id: `reason:${index}`, kind: "row", icon: icons[kind], label, description: message } as const;
      return { ...row, expandable: false, open: false, source: range };
    });
  }

  #check(): Result {
    this.#result ??= { is: checkWithin(this.#open(), mostSteps) };
    return this.#result.is;
  }
}

function checkWithin(model: OpenModel | NoModel, steps: number): Result {
  if ("problems" in model) return undefined;
  if (model.advance(steps) && model.advance(steps)) return "unfinished";
  const outcome = model.outcome();
  return "problems" in outcome ? undefined : outcome;
}
