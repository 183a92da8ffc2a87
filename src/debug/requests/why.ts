import type { DebugProtocol } from "@vscode/debugprotocol";
import type { WhyAnswer } from "../../lab/why/api.ts";
import type { Arguments } from "../arguments.ts";
import type { ClientPlace } from "../client-format.ts";
import { RequestError } from "../request-error.ts";
import type { Handlers, RequestContext } from "./request.ts";

/** `k8snet/why`: the whole answer as text, and the changes that were tried and help, in the client's terms. */
export interface WhyBody {
  readonly text: string;
  /** The line that decided, or that declares who did. */
  readonly place?: ClientPlace;
  readonly cures: readonly ClientCure[];
}

export interface ClientCure {
  readonly title: string;
  readonly seen: string;
  readonly edits: readonly (ClientPlace & { readonly newText: string })[];
}

/** So many frames tell where a packet that went wrong comes from. */
const stackLevels = 20;

/** Requests that ask why something went wrong. */
export function whyRequests(context: RequestContext): Handlers {
  return {
    exceptionInfo: async (args) => ({ body: await exceptionInfo(context, args.integer("threadId")) }),
    "k8snet/why": async (args) => ({ body: await why(context, args) }),
  };
}

async function exceptionInfo(
  context: RequestContext,
  threadId: number,
): Promise<DebugProtocol.ExceptionInfoResponse["body"]> {
  const exception = context.standing().lab.exceptionAt(threadId);
  if (exception === undefined) throw new RequestError(`Nothing is wrong with thread ${threadId} here`);
  const { id, description } = exception;
  const { frames } = context.standing().lab.stack(threadId, 0, stackLevels);
  const { text } = await ask(context, "");
  // Clients show it under the description: the reasons, and then the way that the packet came.
  const stackTrace = [text, ...frames.map(({ name }) => name)].join("\n");
  const details = { message: description, typeName: id, stackTrace };
  return { exceptionId: id, description, breakMode: "always", details };
}

/** `subject` as in the console; or the packet of `threadId`; or that which the lab stands before. */
async function why(context: RequestContext, args: Arguments): Promise<WhyBody> {
  const threadId = args.optionalInteger("threadId");
  const subject = args.optionalString("subject") ?? (threadId === undefined ? "" : `thread ${threadId}`);
  const { text, explanation, cures } = await ask(context, subject);
  const { format } = context;
  return {
    text,
    ...(explanation.source && { place: format.toPlace(explanation.source) }),
    cures: cures.map(({ title, seen, edits }) => ({
      title,
      seen,
      edits: edits.map(({ range, newText }) => ({ ...format.toPlace(range), newText })),
    })),
  };
}

async function ask(context: RequestContext, subject: string): Promise<WhyAnswer> {
  const { lab } = context.standing();
  const progress = context.progress("Trying changes of the file");
  try {
    const answer = await lab.why.ask(subject, () => progress.breathe());
    if ("problem" in answer) throw new RequestError(answer.problem);
    return answer;
  } finally {
    progress.end();
  }
}
