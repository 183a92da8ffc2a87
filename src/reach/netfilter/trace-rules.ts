import { type HookName, hooksOfTable, type RuleTable, tableNames } from "../../config/iptables/rule-set.ts";
import type { NftRuleSet } from "../../config/nft/rule-set.ts";
import { emptyRuleSet } from "../../config/nft/transaction.ts";
import { type AddressTypes, isLocal } from "./address-types.ts";
import type { Flow, RuleQuestion, RuleTrace } from "./flow.ts";
import { NftWalk } from "./nft-walk.ts";
import type { NodeSets } from "./node-sets.ts";
import { TraceRecord } from "./trace-record.ts";
import { RuleWalk } from "./walk.ts";

/**
 * What a node's rules may do with the first packet of a connection, without sending one: at every rule that chance or
 * the node's memory decides, both ways are taken. The rules must be such as Linux takes; it refuses chains that call
 * each other in a circle.
 */
export function traceRules(
  tables: readonly RuleTable[],
  question: RuleQuestion,
  nft: NftRuleSet = emptyRuleSet,
): RuleTrace {
  const own = new Set(question.localAddresses);
  const record = new TraceRecord();
  const stations = stationsOf({ tables, nft, sets: question.sets }, own, record);
  const hooks = (flows: readonly Flow[], name: HookName, without?: "nat") =>
    stations(name)
      .filter(({ isNat }) => !isNat || without === undefined)
      .reduce((ways, { pass }) => pass(ways), flows);
  const leave = (flows: readonly Flow[]) =>
    flows.map((flow) => ({ ...flow, outDevice: question.deviceTowards?.(flow.destination) }));
  const start = firstFlow(question, isLocal(own, question.source));

  if (isLocal(own, question.source)) {
    const sent = hooks(leave(hooks(leave([start]), "OUTPUT")), "POSTROUTING");
    const here = sent.filter((flow) => isLocal(own, flow.destination));
    const looped = here.map((flow) => ({ ...flow, inDevice: "lo", outDevice: "" }));
    // The connection was translated, or not, when it was sent.
    const received = hooks(hooks(looped, "PREROUTING", "nat"), "INPUT", "nat");
    accept(record, [...sent.filter((flow) => !here.includes(flow)), ...received]);
  } else {
    const routed = hooks([start], "PREROUTING");
    const here = routed.filter((flow) => isLocal(own, flow.destination));
    const onward = leave(routed.filter((flow) => !here.includes(flow)));
    accept(record, [...hooks(here, "INPUT"), ...hooks(hooks(onward, "FORWARD"), "POSTROUTING")]);
  }
  return { endings: record.endings, tried: record.tried };
}

function firstFlow(question: RuleQuestion, sentHere: boolean): Flow {
  const { source, destination, protocol, sourcePort, destinationPort } = question;
  return {
    source,
    destination,
    protocol,
    sourcePort,
    destinationPort,
    original: { source, destination, port: destinationPort },
    mark: 0,
    connectionMark: 0,
    tracked: true,
    destinationTranslated: false,
    sourceTranslated: false,
    accepted: false,
    inDevice: sentHere ? "" : question.deviceTowards?.(source),
    outDevice: "",
  };
}

/** Something that packets pass at a hook. */
interface Station {
  readonly priority: number;
  readonly isNat: boolean;
  pass(flows: readonly Flow[]): readonly Flow[];
}

/** What stands at a hook, in the order in which packets meet it. */
function stationsOf(
  { tables, nft, sets }: { tables: readonly RuleTable[]; nft: NftRuleSet; sets: NodeSets | undefined },
  own: AddressTypes,
  record: TraceRecord,
): (hook: HookName) => readonly Station[] {
  const walk = new RuleWalk(tables, own, record, sets);
  const walks = nft.tables.map((table) => ({ table, walk: new NftWalk(table, own, record) }));
  return (hook) => {
    const iptables = tableNames
      .filter((table) => (hooksOfTable[table] as readonly string[]).includes(hook))
      .map((table): Station => {
        const priority = table === "nat" ? natPriority(hook) : tablePriorities[table];
        return { priority, isNat: table === "nat", pass: (flows) => walk.pass(table, hook, flows) };
      });
    const chains = walks.flatMap(({ table, walk: its }) =>
      table.chains.flatMap((chain): Station[] => {
        if (chain.base?.hook !== hook.toLowerCase()) return [];
        const isNat = chain.base.type === "nat";
        // A chain of type nat is called where NAT is, wherever its own priority would put it.
        const priority = isNat ? natPriority(hook) : chain.base.priority;
        return [{ priority, isNat, pass: (flows) => its.pass(chain, hook, flows) }];
      }),
    );
    return [...iptables, ...chains].sort((one, other) => one.priority - other.priority);
  };
}

const tablePriorities = { raw: -300, mangle: -150, filter: 0 } as const;

function natPriority(hook: HookName): number {
  return hook === "PREROUTING" || hook === "OUTPUT" ? -100 : 100;
}

function accept(record: TraceRecord, flows: readonly Flow[]): void {
  for (const flow of flows) record.endings.push({ verdict: "ACCEPT", flow });
}
