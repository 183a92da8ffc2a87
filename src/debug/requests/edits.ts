import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Edit } from "../../lab/edits/edit.ts";
import { scenarioThreadId } from "../../lab/protocol.ts";
import type { Arguments } from "../arguments.ts";
import { RequestError } from "../request-error.ts";
import { asksForHex, inHex } from "../value-format.ts";
import { dataName } from "./data-name.ts";
import type { Answer, Handlers, RequestContext } from "./request.ts";

/** Requests that change the world by hand. Each change is part of the recording: going back takes it back. */
export function editRequests(context: RequestContext): Handlers {
  return {
    terminateThreads: (args) => terminateThreads(context, args),
    setVariable: (args) => setVariable(context, args),
    setExpression: (args) => setExpression(context, args),
    "k8snet/edit": (args) => edit(context, args),
    "k8snet/futures": () => ({ body: { futures: context.standing().lab.futures.list() } }),
    "k8snet/settable": (args) => ({ body: { fields: context.opened().lab.hand.settableFields(args.string("data")) } }),
    "k8snet/edits": () => ({ body: { edits: context.opened().lab.hand.made } }),
  };
}

/** Drops the packets where they are: what would happen without them? */
function terminateThreads(context: RequestContext, args: Arguments): Answer {
  const run = context.standing();
  const threads = args.optionalList("threadIds") ?? [];
  for (const threadId of threads) {
    if (threadId === scenarioThreadId) throw new RequestError("The scenario is no packet: Stop ends the session");
    const refusal = run.lab.hand.apply({ do: "drop", packet: Number(threadId) - 1 });
    if (refusal !== undefined) throw new RequestError(`Thread ${threadId}: ${refusal}`);
  }
  return { afterwards: () => context.invalidate() };
}

function setVariable(context: RequestContext, args: Arguments): Answer {
  const { inspection } = context.standing();
  const name = args.string("name");
  const data = inspection.variable(args.integer("variablesReference"), name).data?.();
  if (data === undefined) throw new RequestError(`${name} is read-only`);
  return { body: set(context, name, data, args), afterwards: () => context.invalidate() };
}

function setExpression(context: RequestContext, args: Arguments): Answer {
  const { inspection, lab } = context.standing();
  const expression = args.string("expression");
  const frameId = args.optionalInteger("frameId");
  const threadId = frameId === undefined ? scenarioThreadId : inspection.threadOf(frameId);
  const data = lab.hand.dataOf(expression, threadId);
  if (data === undefined) throw new RequestError(`${expression} is not one value of the network or of the packet here`);
  return { body: set(context, expression, data, args), afterwards: () => context.invalidate() };
}

function set(
  context: RequestContext,
  name: string,
  data: string,
  args: Arguments,
): DebugProtocol.SetVariableResponse["body"] {
  const { hand } = context.standing().lab;
  const value = args.string("value");
  if (!hand.isSettable(data)) throw new RequestError(`${name} is read-only`);
  const refusal = hand.apply({ do: "set", data, value });
  if (refusal !== undefined) throw new RequestError(`${name}: ${refusal}`);
  const now = hand.valueOf(data) ?? value;
  return { value: asksForHex(args) ? inHex(now) : now };
}

function edit(context: RequestContext, args: Arguments): Answer {
  const refusal = context.standing().lab.hand.apply(readEdit(context, args));
  if (refusal !== undefined) throw new RequestError(refusal);
  return { afterwards: () => context.invalidate() };
}

/** Packets are named by their threads here. */
function readEdit(context: RequestContext, args: Arguments): Edit {
  const action = args.string("do");
  switch (action) {
    case "drop":
    case "duplicate":
    case "hold":
    case "release":
      return { do: action, packet: args.integer("threadId") - 1 };
    case "set":
      return { do: action, data: readData(context, args), value: args.string("value") };
    case "remove":
      return { do: action, data: readData(context, args) };
    case "inject": {
      const way = args.string("way");
      if (way !== "in" && way !== "out") throw new RequestError(`way must be "in" or "out", not "${way}"`);
      return { do: action, device: args.string("device"), way, frame: args.string("frame") };
    }
    case "next":
      return { do: action, event: args.string("event") };
    default:
      throw new RequestError(`There is no edit "${action}"`);
  }
}

/** A variable by its container and name, or data by its id. */
function readData(context: RequestContext, args: Arguments): string {
  const reference = args.optionalInteger("variablesReference", 0) || undefined;
  return dataName(context, args.string(reference === undefined ? "data" : "name"), reference);
}
