import type { NetworkPlan } from "../plan/plan.ts";
import type { ScenarioPlan } from "../plan/statements.ts";
import { flatStatements } from "./flat-statements.ts";

/** The ports that a file names; any other one is the kernel's choice. */
export function mentionedPorts(plan: NetworkPlan, scenario: ScenarioPlan): ReadonlySet<number> {
  const ports = new Set<number>();
  for (const command of plan.setUp()) if (command.do === "listen") ports.add(command.port);
  for (const statement of flatStatements(scenario.statements)) {
    if ("port" in statement) ports.add(statement.port);
    if ("sourcePort" in statement && statement.sourcePort !== undefined) ports.add(statement.sourcePort);
  }
  return ports;
}
