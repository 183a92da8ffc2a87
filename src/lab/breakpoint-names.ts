import { closest } from "../base/suggest.ts";
import { stage, stageNames } from "../linux/stage.ts";

/** The stages that lines of the file wait for. */
export const linkStages = [
  ...[stage.vethTransmit, stage.vethReceive, stage.bridgeTransmit, stage.bridgeDeliver],
  ...[stage.hubQueue, stage.hubReceive, stage.vxlanTransmit, stage.vxlanReceive],
];
export const bridgeStages = [stage.bridgeForward, stage.bridgeFlood, stage.bridgeDeliver];
export const hubStages = [stage.hubTransmit, stage.hubCollision, stage.hubReceive];

/** `*` stands for anything. */
export function glob(pattern: string): RegExp {
  const escaped = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`);
}

export function noSuchStage(name: string): string {
  const suggestion = closest(name, stageNames.slice(1));
  const hint =
    suggestion === undefined ? `Try one of: ${stageNames.slice(1, 12).join(", ")} …` : `Did you mean "${suggestion}"?`;
  return `There is no stage called "${name}". ${hint}`;
}
