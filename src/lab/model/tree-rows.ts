import type { TreeRow } from "../protocol.ts";
import type { OpenModel } from "./open-model.ts";
import type { ModelFinding, ModelReport } from "./report.ts";

/** Of the check, whenever somebody looks at the tree: it goes on where it stopped. */
const stepsAtOnce = 1000;

const icons: Readonly<Record<ModelFinding["kind"], string>> = {
  refuted: "error",
  "black-hole": "warning",
  note: "info",
};

/**
 * The row of the state tree that says whether the networking model of Kubernetes holds for the network as the file sets it up,
 * and below it the reasons why not. Unlike other rows it is about the beginning, wherever the run stands.
 */
export class ModelRows {
  static readonly rootId = "model:";
  readonly #model: OpenModel;
  #hasMore = true;

  constructor(model: OpenModel) {
    this.#model = model;
  }

  root(): TreeRow {
    if (this.#hasMore) this.#hasMore = this.#model.advance(stepsAtOnce);
    const report = this.#report();
    const base = { id: ModelRows.rootId, kind: "table", label: "networking model", open: false } as const;
    if (this.#hasMore || report === undefined)
      return { ...base, icon: "sync", description: "being checked", expandable: false };
    const { holds, findings } = report;
    return {
      ...base,
      icon: holds ? "pass" : "error",
      description: holds ? "holds at the beginning" : "does not hold at the beginning",
      expandable: findings.length > 0,
    };
  }

  reasons(): readonly TreeRow[] {
    const findings = this.#hasMore ? [] : (this.#report()?.findings ?? []);
    return findings.map(({ kind, from, to, message, range }, index): TreeRow => {
      const label = `${from} → ${to}`;
      const row = { id: `reason:${index}`, kind: "row", icon: icons[kind], label, description: message } as const;
      return { ...row, expandable: false, open: false, source: range };
    });
  }

  #report(): ModelReport | undefined {
    const outcome = this.#model.outcome();
    return "problems" in outcome ? undefined : outcome;
  }
}
