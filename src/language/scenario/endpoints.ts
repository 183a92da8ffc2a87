import { noChanges, withChange } from "../../kube/endpoint-slices.ts";
import { followEndpoints } from "../../kube/follow-endpoints.ts";
import type { ClusterLayout } from "../../kube/layout.ts";
import type { Sourced } from "../../kube/model.ts";
import { podKey } from "../../kube/selected-pods.ts";
import type { Configure, EndpointChanges } from "../../plan/statements.ts";
import { parseIpv4 } from "../../wire/address-text.ts";
import { resolveNamespace } from "../resolve.ts";
import { readChoice } from "../values.ts";
import type { StatementContext, StatementHead } from "./context.ts";
import { findService } from "./service-name.ts";
import type { StatementReader } from "./traffic.ts";

/** What the statements so far have changed: the next one's rules follow from it. */
export class EndpointState {
  #changes: EndpointChanges;
  readonly #layout: ClusterLayout;

  constructor(layout: ClusterLayout, changes: EndpointChanges = noChanges) {
    this.#layout = layout;
    this.#changes = changes;
  }

  /** The statement by which every node's kube-proxy follows a change. It has no commands where no rule differs then. */
  change(change: Partial<EndpointChanges>, head: StatementHead): Configure {
    const before = this.#changes;
    this.#changes = withChange(before, change);
    const commands = followEndpoints(this.#layout, before, change, head.source);
    return { ...head, do: "configure", commands, endpoints: { before, change } };
  }
}

/** `ready pod1 false`: its readiness probe fails from now on. */
export const readReady: StatementReader = (verb, tokens, head, context) => {
  const { problems, layout, endpoints } = context;
  const [name, value, extra] = tokens;
  if (name === undefined || value === undefined) {
    problems.error("incomplete-statement", (name ?? verb).range, "Write which pod, and how it is: ready pod1 false.");
    return undefined;
  }
  if (extra) problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
  const ref = resolveNamespace(name, layout.names, problems);
  const word = readChoice(value, ["true", "false"], "bad-flag", "ready", problems);
  if (ref === undefined || word === undefined) return undefined;
  if (ref.role !== "pod") {
    problems.error("not-a-pod", name.range, `${name.text} is not a pod: only pods are ready or not.`);
    return undefined;
  }
  const ready = new Map([[podKey(ref.node, ref.pod, ref.podMember), word === "true"]]);
  const statement = endpoints.change({ ready }, head);
  const nothing = `Nothing changes: no rule of kube-proxy's leads to ${name.text}.`;
  if (statement.commands.length === 0) problems.warning("no-change", head.source, nothing);
  return statement;
};

/** `endpoints web pod1 10.1.2.3`: the Service leads there from now on; without any, to nobody. */
export const readEndpoints: StatementReader = (verb, tokens, head, context) => {
  const { problems, layout, endpoints } = context;
  const [name, ...backends] = tokens;
  if (name === undefined) {
    const message = "Write the Service, and where it leads: endpoints web pod1 pod2.";
    problems.error("incomplete-statement", verb.range, message);
    return undefined;
  }
  const service = findService(name.text, undefined, layout);
  if (service === undefined) {
    const known = layout.services.map((one) =>
      one.namespace === "default" ? one.name : `${one.name}.${one.namespace}`,
    );
    problems.unknown("unknown-name", name.range, name.text, `There is no Service "${name.text}".`, known);
    return undefined;
  }
  const stated = backends.flatMap(({ text: value, range: source }): Sourced<string>[] => {
    const isKnown = parseIpv4(value) !== undefined || hasAddress(value, source, context);
    return isKnown ? [{ value, source }] : [];
  });
  const key = `${service.namespace}/${service.name}`;
  const statement = endpoints.change({ endpoints: new Map([[key, stated]]) }, head);
  const nothing = `Nothing changes: kube-proxy's rules for ${service.name} are these already.`;
  if (statement.commands.length === 0) problems.warning("no-change", head.source, nothing);
  return statement;
};

function hasAddress(text: string, range: Sourced<string>["source"], { problems, layout }: StatementContext): boolean {
  const ref = resolveNamespace({ text, range, quoted: false }, layout.names, problems);
  if (ref === undefined || layout.addressesOf(ref).length > 0) return ref !== undefined;
  problems.error("no-address", range, `${text} has no address.`);
  return false;
}
