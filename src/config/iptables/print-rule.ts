import { formatIpv4, formatPrefix, type Ipv4Prefix } from "../../wire/ipv4-address.ts";
import { protocolName } from "./names.ts";
import { printMatch } from "./print-match.ts";
import { hex, portsText, quoted } from "./print-words.ts";
import type { Inverted, NatRange, Rule, Target } from "./rule-set.ts";

/** What follows `-A CHAIN` in the output of `iptables-save`. */
export function printRule(rule: Rule): string {
  const { source, destination, inInterface, outInterface, protocol, fragment, matches, target } = rule;
  return [
    ...option("-s", source, formatPrefix),
    ...option("-d", destination, formatPrefix),
    ...option("-i", inInterface, String),
    ...option("-o", outInterface, String),
    ...option("-p", protocol, protocolName),
    ...(fragment === undefined ? [] : [fragment.inverted ? "! -f" : "-f"]),
    ...matches.map(printMatch),
    ...(target === undefined ? [] : [printTarget(target)]),
  ].join(" ");
}

function option<Value extends Ipv4Prefix | string | number>(
  name: string,
  condition: Inverted<Value> | undefined,
  text: (value: Value) => string,
): readonly string[] {
  return condition === undefined ? [] : [`${condition.inverted ? "! " : ""}${name} ${text(condition.value)}`];
}

/** `-j …` or `-g …`, with all of its options. */
export function printTarget(target: Target): string {
  switch (target.target) {
    case "ACCEPT":
    case "DROP":
    case "RETURN":
      return `-j ${target.target}`;
    case "NOTRACK":
      return target.spelling === "CT" ? "-j CT --notrack" : "-j NOTRACK";
    case "jump":
      return `-j ${target.chain}`;
    case "goto":
      return `-g ${target.chain}`;
    case "REJECT":
      return `-j REJECT --reject-with ${target.with}`;
    case "MARK":
      return `-j MARK --set-xmark ${hex(target.value)}/${hex(target.mask)}`;
    case "CONNMARK":
      return connmark(target);
    case "LOG":
      return [
        "-j LOG",
        ...(target.prefix === "" ? [] : [`--log-prefix ${quoted(target.prefix)}`]),
        ...(target.level === 4 ? [] : [`--log-level ${target.level}`]),
        ...target.options,
      ].join(" ");
    case "DNAT":
      return `-j DNAT${natRange("--to-destination", target.range)}`;
    case "SNAT":
      return `-j SNAT${natRange("--to-source", target.range)}`;
    case "MASQUERADE":
    case "REDIRECT":
      return `-j ${target.target}${natRange("--to-ports", target.range)}`;
  }
}

function connmark({ operation, value, packetMask, connectionMask }: Extract<Target, { target: "CONNMARK" }>): string {
  if (operation === "set-xmark") return `-j CONNMARK --set-xmark ${hex(value)}/${hex(connectionMask)}`;
  return `-j CONNMARK --${operation} --nfmask ${hex(packetMask)} --ctmask ${hex(connectionMask)}`;
}

function natRange(name: string, { addresses, ports, random, randomFully, persistent }: NatRange): string {
  const portText = ports === undefined ? "" : portsText(ports, "-");
  const onlyPorts = name === "--to-ports";
  const to = `${addresses === undefined ? "" : addressText(addresses)}${portText === "" || onlyPorts ? "" : ":"}${portText}`;
  return [
    to === "" ? "" : ` ${name} ${to}`,
    random ? " --random" : "",
    randomFully ? " --random-fully" : "",
    persistent ? " --persistent" : "",
  ].join("");
}

function addressText({ first, last }: { readonly first: number; readonly last: number }): string {
  return first === last ? formatIpv4(first) : `${formatIpv4(first)}-${formatIpv4(last)}`;
}
