import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { ipOf } from "./packet-ip.ts";

/** The stages of the hooks, by their numbers. */
export const hookStages = [
  stage.nfPrerouting,
  stage.nfInput,
  stage.nfForward,
  stage.nfOutput,
  stage.nfPostrouting,
] as const;

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
  const { packets, namespaces } = world;
  packets.inNetfilter.set(packet, 1);
  packets.hookAt.set(packet, {
    hook: hookNumber,
    steps: namespaces.hookSteps.get(packets.netns.get(packet))[hookNumber],
    step: 0,
    chain: 0,
    rule: 0,
    caller: undefined,
    inDevice,
    outDevice,
    then,
    mark: packets.mark.get(packet),
    destination: ipOf(world, packet).destination,
    isMarkChanged: false,
    chosen: 0,
  });
  packets.stage.set(packet, hookStages[hookNumber]);
}
