import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Arguments } from "../arguments.ts";
import { dataName } from "./data-name.ts";
import type { Handlers, RequestContext } from "./request.ts";

/** Requests that say where to stop. Those that set are answered at any time, also before a program is open. */
export function breakpointRequests(context: RequestContext): Handlers {
  const { stops } = context;
  return {
    setBreakpoints: (args) => ({ body: stops.setLines(args) }),
    setFunctionBreakpoints: (args) => ({ body: stops.setFunctions(args) }),
    setExceptionBreakpoints: (args) => ({ body: stops.setExceptions(args) }),
    setDataBreakpoints: (args) => ({ body: stops.setData(args) }),
    dataBreakpointInfo: (args) => ({ body: dataBreakpointInfo(context, args) }),
    breakpointLocations: (args) => ({ body: breakpointLocations(context, args) }),
    "k8snet/setPacketBreakpoints": (args) => ({ body: stops.setPacketBreakpoints(args) }),
  };
}

/** Of a variable, of an expression, or of a row of the state tree by its id. */
function dataBreakpointInfo(
  context: RequestContext,
  args: Arguments,
): DebugProtocol.DataBreakpointInfoResponse["body"] {
  const name = args.string("name");
  const reference = args.optionalInteger("variablesReference", 0) || undefined;
  const found = context.opened().lab.dataBreakpoints.watchable(dataName(context, name, reference));
  if ("message" in found) return { dataId: null, description: found.message };
  const { dataId, description } = found;
  return { dataId, description, accessTypes: ["write"], canPersist: true };
}

function breakpointLocations(
  { opened, format }: RequestContext,
  args: Arguments,
): DebugProtocol.BreakpointLocationsResponse["body"] {
  const uri = format.documentUri(args.object("source"));
  const first = format.toLabLine(args.integer("line"));
  const last = format.toLabLine(args.optionalInteger("endLine") ?? args.integer("line"));
  const column = args.optionalInteger("column");
  const endColumn = args.optionalInteger("endColumn");
  const breakpoints = opened()
    .lab.breakpointLocations(uri, first, last)
    .filter((range) => column === undefined || range.line > first || range.column >= format.toLabColumn(column))
    .filter((range) => endColumn === undefined || range.line < last || range.column <= format.toLabColumn(endColumn))
    .map((range) => {
      const { source: _source, ...place } = format.toPlace(range);
      return place;
    });
  return { breakpoints };
}
