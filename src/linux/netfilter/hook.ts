import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { ipOf } from "./packet-ip.ts";
import { hook } from "./position.ts";

const hookStages = [stage.nfPrerouting, stage.nfInput, stage.nfForward, stage.nfOutput, stage.nfPostrouting] as const;

/** Whether anything is registered at the hook in the packet's namespace. */
export function isHooked({ namespaces, packets }: World, packet: number, hookNumber: number): boolean {
  return ((namespaces.hooks.get(packets.netns.get(packet)) >>> hookNumber) & 1) === 1;
}

/**
 * `NF_HOOK` (include/linux/netfilter.h) where something is registered: the packet's next stage is the hook, and `then` comes
 * after it if the rules let it pass. Ask `isHooked` first: most namespaces have no rules, and nothing may cost them.
 */
export function passHook(
  world: World,
  packet: number,
  hookNumber: number,
  inDevice: number,
  outDevice: number,
  then: number,
): void {
  const { packets } = world;
  const isOutput = hookNumber === hook.output;
  const { source, destination } = ipOf(world, packet);
  packets.hookAt.set(packet, {
    hook: hookNumber,
    step: 0,
    chain: 0,
    rule: 0,
    caller: undefined,
    inDevice,
    outDevice,
    then,
    mark: isOutput ? packets.mark.get(packet) : 0,
    source: isOutput ? source : 0,
    destination: isOutput ? destination : 0,
  });
  packets.stage.set(packet, hookStages[hookNumber]);
}

/** Which hook a stage is, or undefined. */
export function hookOfStage(stageNumber: number): number | undefined {
  const found = hookStages.findIndex((one) => one === stageNumber);
  return found < 0 ? undefined : found;
}
