import type { Diagnostic } from "../../base/diagnostic.ts";
import type { NetworkPlan } from "../plan.ts";

/** What a plan declares that no command of Linux makes, one sentence for each. With any of it, the plan is the simulated kernel's only. */
export function withoutTwin(plan: NetworkPlan): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const command of plan.setUp()) {
    if (command.do !== "hub add") continue;
    const message = `hub ${command.hub}: Linux has no twin of a half-duplex segment`;
    found.push({ severity: "error", code: "no-twin", range: command.source, message });
  }
  return found;
}
