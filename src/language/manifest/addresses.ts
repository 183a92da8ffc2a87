import { parseIpv4, parsePrefix } from "../../wire/address-text.ts";
import { type Ipv4Address, type Ipv4Prefix, networkAddress } from "../../wire/ipv4-address.ts";
import type { Value } from "./fields.ts";

/** An address in a manifest; IPv6 is said to be left out. */
export function readAddressValue(value: Value): Ipv4Address | undefined {
  const text = value.text()?.trim();
  if (text === undefined) return undefined;
  const address = parseIpv4(text);
  if (address !== undefined) return address;
  if (isIpv6(text)) value.note("ipv6-skipped", `${value.path} ${text} is left out: k8snet speaks IPv4.`);
  else value.refuse(`"${text}" is not an IPv4 address, such as 10.96.0.10.`);
  return undefined;
}

/** An address block in a manifest, blanks around it dropped as the API server does; host bits are zeroed. */
export function readBlockValue(value: Value): Ipv4Prefix | undefined {
  const text = value.text()?.trim();
  if (text === undefined) return undefined;
  const block = parsePrefix(text);
  if (block) return { address: networkAddress(block), length: block.length };
  if (isIpv6(text.replace(/\/\d+$/, ""))) {
    value.note("ipv6-skipped", `${value.path} ${text} is left out: k8snet speaks IPv4.`);
  } else value.refuse(`"${text}" is not an address block, such as 203.0.113.0/24.`);
  return undefined;
}

function isIpv6(text: string): boolean {
  return text.includes(":") && /^[0-9A-Fa-f:.]+$/.test(text);
}
