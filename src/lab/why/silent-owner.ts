import { conf, confOf } from "../../linux/device/conf.ts";
import { isLocalAddress } from "../../linux/ip/local.ts";
import { validateSource } from "../../linux/ip/validate-source.ts";
import { isFiltered, isIgnored } from "../../linux/neighbour/arp-answer.ts";
import { getSysctl } from "../../linux/setup/sysctl.ts";
import type { ArpPacket } from "../../wire/arp.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { type Asked, sysctlIdeas } from "./asked.ts";
import type { Reasons } from "./explanation.ts";
import { wrongWay } from "./routing.ts";

/** Why who has the address, and heard the request at this device, kept silent. */
export function becauseOwnerKeptSilent(asked: Asked, device: number, arp: ArpPacket): Reasons {
  const { world } = asked;
  const netns = world.devices.netns.get(device);
  if (arp.senderIp !== 0 && validateSource(world, netns, device, arp.senderIp, arp.targetIp, 0) < 0) {
    if (!isLocalAddress(world, netns, arp.senderIp)) return wrongWay(asked, device, arp.senderIp, arp.targetIp);
    const missed = `it is an address of ${world.namespaces.name.get(netns)}, too, and no request comes from there`;
    return { tried: [{ what: `who asks, ${formatIpv4(arp.senderIp)}`, missed }] };
  }
  if (isIgnored(world, device, arp)) {
    const mode = confOf(world, device, conf.arpIgnore);
    return becauseOfSetting(asked, device, "arp_ignore", `it is ${mode}: the request is not answered here`);
  }
  if (isFiltered(world, netns, device, arp)) {
    const missed = `it is 1, and what goes to ${formatIpv4(arp.senderIp)} would leave by another interface`;
    return becauseOfSetting(asked, device, "arp_filter", missed);
  }
  return {};
}

/** A setting that holds where `all` or the device itself has it. */
function becauseOfSetting(asked: Asked, device: number, setting: string, missed: string): Reasons {
  const { world } = asked;
  const netns = world.devices.netns.get(device);
  const name = world.devices.name.get(device);
  const keys = ["all", name].map((one) => `net.ipv4.conf.${one}.${setting}`);
  const inForce = keys.filter((key) => (getSysctl(world, netns, key) ?? 0) > 0);
  return {
    tried: [{ what: `${setting} of ${name}`, missed }],
    ideas: inForce.flatMap((key) => sysctlIdeas(asked, netns, key, 0)),
  };
}
