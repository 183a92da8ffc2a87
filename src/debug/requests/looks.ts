import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Arguments } from "../arguments.ts";
import { consoleLine } from "../output.ts";
import { RequestError } from "../request-error.ts";
import { listThreads } from "../threads.ts";
import { treeRows } from "../views.ts";
import type { Answer, Handlers, RequestContext } from "./request.ts";

/** Requests that look at the run and leave it as it is. */
export function lookRequests(context: RequestContext): Handlers {
  let wasCutTold = false;
  const tellCut = (notice: string | undefined): void => {
    if (notice === undefined || wasCutTold) return;
    wasCutTold = true;
    context.emitEvent("output", consoleLine(notice));
  };
  return {
    threads: () => threads(context, tellCut),
    stackTrace: (args) => ({ body: context.standing().inspection.stackTrace(context.opened().lab, args) }),
    scopes: (args) => ({ body: context.standing().inspection.scopes(context.opened().lab, args) }),
    stepInTargets: (args) => ({ body: context.standing().inspection.stepInTargets(context.opened().lab, args) }),
    source: (args) => ({ body: source(context, args) }),
    modules: (args) => ({ body: modules(context, args) }),
    loadedSources: () => ({ body: loadedSources(context) }),
    variables: (args) => ({ body: context.standing().inspection.variables(args) }),
    "k8snet/document": (args) => ({ body: documentText(context, args.string("uri")) }),
    "k8snet/tree": (args) => ({ body: treeRows(context.opened().lab, args, context.format) }),
    "k8snet/position": () => ({ body: context.opened().lab.position() }),
  };
}

/** `tellCut` is told why threads are missing, if some are, once the answer is on its way. */
function threads(context: RequestContext, tellCut: (notice: string | undefined) => void): Answer {
  const run = context.opened();
  const { threads, notice } = listThreads(run.lab, run.maxThreads);
  return { body: { threads }, afterwards: () => tellCut(notice) };
}

/** Network namespaces: what a network is made of, as modules are of a program. */
function modules(context: RequestContext, args: Arguments): DebugProtocol.ModulesResponse["body"] {
  const start = args.optionalInteger("startModule", 0) ?? 0;
  const count = args.optionalInteger("moduleCount", 0) || Number.MAX_SAFE_INTEGER;
  const { rows, total } = context.opened().lab.namespaces(start, count);
  return {
    totalModules: total,
    modules: rows.map(({ name, role, addresses, source }) => ({
      id: name,
      name,
      version: role,
      addressRange: addresses.join(", "),
      ...(source && { path: context.format.toSource(source.uri).path }),
    })),
  };
}

function loadedSources({ opened, format }: RequestContext): DebugProtocol.LoadedSourcesResponse["body"] {
  return {
    sources: opened()
      .lab.generatedDocuments()
      .map(({ uri }) => format.toSource(uri)),
  };
}

function source(context: RequestContext, args: Arguments): DebugProtocol.SourceResponse["body"] {
  const asked = args.optionalObject("source") ?? args;
  return documentText(context, context.format.documentUri(asked));
}

/** The text of a document that the run makes. */
function documentText(context: RequestContext, uri: string): DebugProtocol.SourceResponse["body"] {
  const document = context.opened().lab.document(uri);
  if (document === undefined) throw new RequestError(`The run has no document ${uri}`);
  return { content: document.text, mimeType: mimeTypeOf(uri) };
}

const mimeTypes: Readonly<Record<string, string>> = {
  "iptables-save": "text/x-iptables-save",
  "ip-route": "text/x-ip-route",
  nft: "text/x-nftables",
};

function mimeTypeOf(uri: string): string {
  const ending = uri.slice(uri.lastIndexOf(".") + 1);
  return mimeTypes[ending] ?? "text/plain";
}
