import { type HookName, type RuleTable, type TableName, tableNames } from "../../config/iptables/rule-set.ts";
import { hookSteps } from "../../linux/netfilter/position.ts";
import { isLocal } from "./address-types.ts";
import type { Flow, RuleQuestion, RuleTrace } from "./flow.ts";
import { RuleWalk } from "./walk.ts";

/**
 * What a node's rules may do with the first packet of a connection, without sending one: at every rule that chance or
 * the node's memory decides, both ways are taken. The rules must be such as Linux takes; it refuses chains that call
 * each other in a circle.
 */
export function traceRules(tables: readonly RuleTable[], question: RuleQuestion): RuleTrace {
  const own = new Set(question.localAddresses);
  const walk = new RuleWalk(tables, own);
  const hooks = (flows: readonly Flow[], name: HookName, without?: TableName) =>
    tablesAt(name)
      .filter((table) => table !== without)
      .reduce((ways, table) => walk.pass(table, name, ways), flows);
  const leave = (flows: readonly Flow[]) =>
    flows.map((flow) => ({ ...flow, outDevice: question.deviceTowards?.(flow.destination) }));
  const start = firstFlow(question, isLocal(own, question.source));

  if (isLocal(own, question.source)) {
    const sent = hooks(leave(hooks(leave([start]), "OUTPUT")), "POSTROUTING");
    const here = sent.filter((flow) => isLocal(own, flow.destination));
    const looped = here.map((flow) => ({ ...flow, inDevice: "lo", outDevice: "" }));
    // The connection was translated, or not, when it was sent.
    const received = hooks(hooks(looped, "PREROUTING", "nat"), "INPUT", "nat");
    accept(walk, [...sent.filter((flow) => !here.includes(flow)), ...received]);
  } else {
    const routed = hooks([start], "PREROUTING");
    const here = routed.filter((flow) => isLocal(own, flow.destination));
    const onward = leave(routed.filter((flow) => !here.includes(flow)));
    accept(walk, [...hooks(here, "INPUT"), ...hooks(hooks(onward, "FORWARD"), "POSTROUTING")]);
  }
  return { endings: walk.endings, tried: walk.tried };
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

const hookOrder: readonly HookName[] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

function tablesAt(hook: HookName): readonly TableName[] {
  const names: readonly string[] = tableNames;
  return hookSteps[hookOrder.indexOf(hook)].filter((step): step is TableName => names.includes(step));
}

function accept(walk: RuleWalk, flows: readonly Flow[]): void {
  for (const flow of flows) walk.endings.push({ verdict: "ACCEPT", flow });
}
