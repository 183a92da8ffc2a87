import type { ThreadFilter } from "../../lab/threads/api.ts";
import type { Arguments } from "../arguments.ts";
import { RequestError } from "../request-error.ts";
import type { Answer, Handlers, RequestContext } from "./request.ts";

/** Requests of views: values at the ends of lines, and which threads are listed. */
export function viewRequests(context: RequestContext): Handlers {
  return {
    "k8snet/inlineValues": (args) => ({ body: inlineValues(context, args) }),
    "k8snet/setThreadFilter": (args) => setThreadFilter(context, args),
  };
}

/** `{ source, startLine, endLine }` in the client's lines. */
function inlineValues(context: RequestContext, args: Arguments): { values: { line: number; text: string }[] } {
  const { format } = context;
  const uri = format.documentUri(args.object("source"));
  const first = format.toLabLine(args.integer("startLine"));
  const last = format.toLabLine(args.integer("endLine"));
  const found = context.standing().lab.inline.values(uri, first, Math.min(last, first + mostLines));
  return { values: found.map(({ line, text }) => ({ line: format.toClientLine(line), text })) };
}

/** An editor shows no more at once. */
const mostLines = 5000;

/** `{ show: "all" }`, `{ show: "packet" | "conversation", threadId }` or `{ show: "matching", condition }`; `max` is the most threads. */
function setThreadFilter(context: RequestContext, args: Arguments): Answer {
  const run = context.opened();
  const max = args.optionalInteger("max", 1);
  const refusal = run.lab.threadFilter.set(readFilter(args));
  if (refusal !== undefined) throw new RequestError(refusal);
  if (max !== undefined) run.maxThreads = max;
  return { afterwards: () => context.invalidate() };
}

function readFilter(args: Arguments): ThreadFilter {
  const show = args.optionalString("show") ?? "all";
  switch (show) {
    case "all":
      return { show };
    case "packet":
    case "conversation":
      return { show, threadId: args.integer("threadId") };
    case "matching":
      return { show, condition: args.string("condition") };
    default:
      throw new RequestError(`show must be "all", "packet", "conversation" or "matching", not "${show}"`);
  }
}
