import type { HookName, Target } from "../../config/iptables/rule-set.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import type { AddressTypes } from "./address-types.ts";
import type { Flow } from "./flow.ts";

type Translation = Extract<Target, { target: "DNAT" | "SNAT" | "MASQUERADE" | "REDIRECT" }>;

/** A packet after NAT. Of a range, the first of its addresses and ports stands for all. */
export function translated(flow: Flow, { target, range }: Translation, hook: HookName, own: AddressTypes): Flow {
  if (target === "MASQUERADE" || target === "SNAT") {
    return {
      ...flow,
      source: range.addresses?.first ?? flow.source,
      sourceTranslated: true,
      isMasqueraded: target === "MASQUERADE",
    };
  }
  const destination = target === "REDIRECT" ? redirectAddress(hook, own) : range.addresses?.first;
  return {
    ...flow,
    destination: destination ?? flow.destination,
    destinationPort: range.ports?.first ?? flow.destinationPort,
    destinationTranslated: true,
  };
}

/** REDIRECT leads to the device's own address, or to 127.0.0.1 for what was sent here (net/netfilter/nf_nat_redirect.c). */
function redirectAddress(hook: HookName, own: AddressTypes): Ipv4Address | undefined {
  return hook === "OUTPUT" ? 0x7f000001 : [...own][0];
}
