import { deviceKind } from "../../linux/devices.ts";
import { conditionNames } from "../conditions/names.ts";
import { worldFunctions } from "../expressions/functions.ts";
import { objectTypes } from "../expressions/types.ts";
import { expectationVariables } from "../expressions/variables.ts";
import { deviceName } from "../names.ts";
import {
  addressesFor,
  type CompletionContext,
  namespacesOf,
  type Proposal,
  proposals,
  some,
} from "./completion-context.ts";

/** What may be written at the end of the beginning of an expression. */
export function completeExpression(
  context: CompletionContext,
  before: string,
): { readonly prefix: string; readonly proposals: readonly Proposal[] } {
  const inText = /(\w+(?:\.\w+)*)\s*(?:\(((?:[^()"]|"[^"]*")*)|==\s*|!=\s*)"([^"]*)$/.exec(before);
  if (inText !== null) {
    const [, name, args, prefix] = inText;
    const proposed = args === undefined ? valuesOf(context, name) : argumentsOf(context, name, args);
    return { prefix, proposals: proposed };
  }
  const prefix = /[\w.]*$/.exec(before)?.[0] ?? "";
  const ofCall = /(\w+)\((?:[^()"]|"[^"]*")*\)\.(\w*)$/.exec(before);
  if (ofCall !== null) return { prefix: ofCall[2], proposals: fieldsOfCall(ofCall[1]) };
  return { prefix, proposals: [...functions, ...variables, ...fields] };
}

const functions = worldFunctions.map(
  ({ name, parameters, description }): Proposal => ({
    label: `${name}(`,
    detail: `(${parameters.map((one) => one.name).join(", ")}): ${description}`,
    kind: "function",
  }),
);
const variables = expectationVariables.flatMap(({ name, type, description }): readonly Proposal[] => [
  { label: name, detail: description, kind: "field" },
  ...proposals(
    "field",
    Object.keys(objectTypes[type]?.fields ?? {}).map((field) => `${name}.${field}`),
  ),
]);
const fields = [...conditionNames.values()].map(
  ({ name, description }): Proposal => ({ label: name, detail: description, kind: "field" }),
);

function fieldsOfCall(name: string): readonly Proposal[] {
  const type = worldFunctions.find((one) => one.name === name)?.returnType ?? "";
  return proposals("field", Object.keys(objectTypes[type]?.fields ?? {}));
}

/** What stands in quotes as an argument of a function. */
function argumentsOf(context: CompletionContext, name: string, args: string): readonly Proposal[] {
  const place = args.split(",").length - 1;
  const parameter = worldFunctions.find((one) => one.name === name)?.parameters[place]?.name;
  switch (parameter) {
    case "netns":
      return namespacesOf(context);
    case "address":
    case "source":
    case "destination":
      return addressesFor(context);
    case "bridge":
      return bridgesOf(context);
    case "protocol":
      return proposals("value", ["tcp", "udp", "icmp"]);
    default:
      return [];
  }
}

function bridgesOf({ world }: CompletionContext): readonly Proposal[] {
  const { devices } = world;
  const bridges = [...some(devices.table.rows())].filter((row) => devices.kind.get(row) === deviceKind.bridge);
  return proposals(
    "device",
    bridges.map((row) => deviceName(world, row)),
  );
}

/** What a name is compared with. */
function valuesOf(context: CompletionContext, name: string): readonly Proposal[] {
  if (name === "stage") return proposals("stage", context.stageNames);
  if (name === "netns") return namespacesOf(context);
  if (name === "ct.state") return proposals("value", ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"]);
  if (/\.(src|dst|addr)$|proto_ipv4$/.test(name)) return addressesFor(context);
  return [];
}
