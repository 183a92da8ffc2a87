import type { DebugProtocol } from "@vscode/debugprotocol";
import type { ConsoleView } from "../../lab/console/api.ts";
import { scenarioThreadId } from "../../lab/protocol.ts";
import type { Arguments } from "../arguments.ts";
import { RequestError } from "../request-error.ts";
import { asksForHex } from "../value-format.ts";
import type { Answer, Handlers, RequestContext } from "./request.ts";

/** Requests for what somebody types or points at. */
export function consoleRequests(context: RequestContext): Handlers {
  return {
    evaluate: (args) => evaluate(context, args),
    completions: (args) => ({ body: completions(context, args) }),
  };
}

/** In the Debug Console the line is a command, a name or an expression; everywhere else a name or an expression. */
function evaluate(context: RequestContext, args: Arguments): Answer | Promise<Answer> {
  const expression = args.string("expression");
  const asked = args.optionalString("context");
  const isHex = asksForHex(args);
  const run = context.standing();
  const view = viewOf(context, args);
  const why = asked === "repl" ? /^why\b(.*)$/.exec(expression.trim()) : null;
  if (why !== null) return explain(context, why[1].trim() || inView(view));
  const answer = asked === "repl" ? run.lab.console.run(expression, view) : run.lab.console.look(expression, view);
  switch (answer.kind) {
    case "problem":
      throw new RequestError(answer.message);
    case "value":
      // Words of the file that are also names of headers say nothing where there is no packet.
      if (asked === "hover" && answer.value.value === "null") throw new RequestError("No packet is in view");
      return { body: run.inspection.evaluated(answer.value, { isHex, isWhole: asked === "clipboard" }) };
    case "text": {
      const body = { result: answer.text.replace(/\n$/, ""), variablesReference: 0 };
      return answer.changed ? { body, afterwards: () => context.invalidate() } : { body };
    }
  }
}

/** What `why` alone asks about: the packet of the frame in view, else what the lab stands before. */
function inView({ threadId }: ConsoleView): string {
  return threadId === scenarioThreadId ? "" : `thread ${threadId}`;
}

async function explain(context: RequestContext, subject: string): Promise<Answer> {
  const answer = await context.standing().lab.why.ask(subject, () => context.environment.yieldToMessages());
  if ("problem" in answer) throw new RequestError(answer.problem);
  return { body: { result: answer.text.trimEnd(), variablesReference: 0 } };
}

/** Without a frame there is nothing in view but the scenario. */
function viewOf(context: RequestContext, args: Arguments): ConsoleView {
  const frameId = args.optionalInteger("frameId", 1);
  if (frameId === undefined) return { threadId: scenarioThreadId };
  return { threadId: context.standing().inspection.threadOf(frameId), frameId };
}

const kinds: Readonly<Record<string, DebugProtocol.CompletionItemType>> = {
  command: "function",
  option: "keyword",
  netns: "module",
  device: "interface",
  address: "value",
  function: "function",
  field: "field",
  stage: "enum",
  value: "value",
};

function completions(context: RequestContext, args: Arguments): DebugProtocol.CompletionsResponse["body"] {
  const text = args.string("text");
  const first = context.format.toLabColumn(1) - 1;
  const column = context.format.toLabColumn(args.integer("column")) - 1 - first;
  const found = context
    .standing()
    .lab.console.complete(text, Math.max(0, Math.min(column, text.length)), viewOf(context, args));
  const targets = found.map(({ label, detail, kind, start, end }) => ({
    label,
    ...(detail !== undefined && { detail }),
    type: kinds[kind],
    start: context.format.toClientColumn(start + 1),
    length: end - start,
  }));
  return { targets };
}
