import { mainTable } from "../../linux/routes.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { type Invocation, needNetns, type Outcome, printed, printedJson } from "./command.ts";
import type { IpOptions } from "./ip.ts";
import type { WordCursor } from "./word-cursor.ts";

interface ShownRule {
  readonly priority: number;
  readonly src: string;
  readonly srclen?: number;
  readonly dst?: string;
  readonly dstlen?: number;
  readonly fwmark?: string;
  readonly fwmask?: string;
  readonly iif?: string;
  readonly table: string;
}

/** What every namespace begins with (net/ipv4/fib_rules.c, `fib_default_rules_init`). */
const firstRules: readonly ShownRule[] = [
  { priority: 0, src: "all", table: "local" },
  { priority: 32_766, src: "all", table: "main" },
  { priority: 32_767, src: "all", table: "default" },
];

/** `ip [-j] rule [show]`. */
export function showRules(invocation: Invocation, words: WordCursor, options: IpOptions): Outcome {
  const { world } = invocation;
  const netns = needNetns(invocation, "ip -n pod1 rule");
  words.end("ip rule takes nothing more here.");
  const own = world.rules.ofNetns(netns).map((row) => ofRow(world, row));
  const rules = [...own, ...firstRules].sort((a, b) => a.priority - b.priority);
  return options.json ? printedJson(rules) : printed(rules.map(ruleText));
}

function ofRow({ rules }: World, row: number): ShownRule {
  const [from, fromLength] = [rules.from.get(row), rules.fromLength.get(row)];
  const [to, toLength] = [rules.to.get(row), rules.toLength.get(row)];
  const [mark, mask] = [rules.mark.get(row), rules.markMask.get(row)];
  const iif = rules.iif.get(row);
  const table = rules.lookup.get(row);
  return {
    priority: rules.priority.get(row),
    src: fromLength === 0 ? "all" : formatIpv4(from),
    ...(fromLength > 0 && fromLength < 32 && { srclen: fromLength }),
    ...(toLength > 0 && { dst: formatIpv4(to), ...(toLength < 32 && { dstlen: toLength }) }),
    ...(mask !== 0 && { fwmark: `0x${mark.toString(16)}` }),
    ...(mask !== 0 && mask !== 0xffff_ffff && { fwmask: `0x${mask.toString(16)}` }),
    ...(iif !== "" && { iif }),
    table: table === mainTable ? "main" : table === 253 ? "default" : String(table),
  };
}

function ruleText({ priority, src, srclen, dst, dstlen, fwmark, fwmask, iif, table }: ShownRule): string {
  const block = (address: string, length?: number) => (length === undefined ? address : `${address}/${length}`);
  const words = [
    `from ${block(src, srclen)}`,
    ...(dst === undefined ? [] : [`to ${block(dst, dstlen)}`]),
    ...(fwmark === undefined ? [] : [`fwmark ${fwmark}${fwmask === undefined ? "" : `/${fwmask}`}`]),
    ...(iif === undefined ? [] : [`iif ${iif}`]),
    `lookup ${table}`,
  ];
  return `${priority}:\t${words.join(" ")}`;
}
