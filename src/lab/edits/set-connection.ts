import { tcpStateNames } from "../../linux/conntrack/tcp-state.ts";
import type { World } from "../../linux/world.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import { Refused as Refusal, type Refused, readWord } from "./values.ts";

/** The number of a TCP state for a connection; what is shown after it, such as `[ASSURED]`, is left aside. */
export function conntrackState({ conntrack }: World, row: number, text: string): number | Refused {
  if (conntrack.original.get(row).protocol !== ipProtocol.tcp)
    return new Refusal("Only connections of TCP have a state of their own");
  const name = readWord(text.replace(/\[.*$/, ""), tcpStateNames);
  return name instanceof Refusal ? name : tcpStateNames.indexOf(name as (typeof tcpStateNames)[number]);
}
