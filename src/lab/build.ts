import type { Diagnostic } from "../base/diagnostic.ts";
import { makeWorld } from "../linux/register.ts";
import { SetUp } from "../linux/setup/apply.ts";
import type { World, WorldOptions } from "../linux/world.ts";
import type { NetworkPlan } from "../plan/plan.ts";
import { serverFor } from "./programs.ts";

/** A world as the plan's set-up leaves it. */
export interface Built {
  readonly world: World;
  readonly setUp: SetUp;
  /** Commands that the kernel refused, with what the tool would have said. */
  readonly problems: readonly Diagnostic[];
}

/** Runs a plan's set-up on a fresh simulated world. */
export function build(plan: Pick<NetworkPlan, "setUp">, options: WorldOptions): Built {
  const world = makeWorld(options);
  const setUp = new SetUp(world, serverFor);
  const problems: Diagnostic[] = [];
  for (const command of plan.setUp()) {
    const failure = setUp.apply(command);
    if (failure === undefined) continue;
    problems.push({ severity: "error", message: failure, range: command.source, code: "set-up-refused" });
  }
  return { world, setUp, problems };
}
