import { stage, stageNames } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { Candidate } from "../../sim/simulation.ts";
import { packetText, placeName } from "../names.ts";
import type { Scenario } from "../scenario.ts";
import type { Future, Futures } from "./api.ts";

export class FuturesFacet implements Futures {
  private readonly world: World;
  private readonly scenario: Scenario;

  constructor(world: World, scenario: Scenario) {
    this.world = world;
    this.scenario = scenario;
  }

  list(): readonly Future[] {
    if (this.scenario.ended) return [];
    return this.world.sim.candidates().map((one) => ({ event: eventName(this.world, one), ...this.describe(one) }));
  }

  private describe(candidate: Candidate): Pick<Future, "label" | "description"> {
    const { walker, stage: stageNumber, subject } = candidate;
    const { packets } = this.world;
    if (walker === 0) {
      const text = stageNumber === stage.statement ? this.scenario.statementOf(subject)?.text : undefined;
      return { label: text ?? `${stageNames[stageNumber]} ${subject}`, description: wakeText(this.world, candidate) };
    }
    const place = placeName(this.world, stageNumber, packets.device.get(walker));
    const data = packets.data.get(walker);
    return {
      label: `${stageNames[stageNumber]} of #${packets.origin.get(walker).name} @ ${place}`,
      description: data === null ? "" : packetText(data),
    };
  }
}

/** The program that an input wakes. */
function wakeText({ processes, namespaces }: World, { stage: stageNumber, subject }: Candidate): string {
  if (stageNumber !== stage.programWake) return "";
  const process = processes.inputProcess.get(subject);
  return `in ${namespaces.name.get(processes.netns.get(process))}`;
}

/** Rows and packets get the same numbers from the same file, seed and edits. */
export function eventName({ packets }: World, { walker, stage: stageNumber, subject }: Candidate): string {
  return walker === 0 ? `${stageNames[stageNumber]} ${subject}` : `packet ${packets.number.get(walker)}`;
}

/** Lets an event come next; answers why it cannot, where it cannot. */
export function chooseNext(world: World, event: string): (() => undefined) | string {
  const candidates = world.sim.candidates();
  const chosen = candidates.find((one) => eventName(world, one) === event);
  if (chosen === undefined) return `"${event}" is none of those that may come next`;
  return () => {
    if (chosen !== candidates[0]) world.sim.chooseNext(chosen);
    return undefined;
  };
}
