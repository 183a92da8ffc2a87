import type { Handlers, RequestContext } from "./request.ts";

/** Requests that say where to stop. They are answered at any time, also before a program is open. */
export function breakpointRequests({ stops }: RequestContext): Handlers {
  return {
    setBreakpoints: (args) => ({ body: stops.setLines(args) }),
    setFunctionBreakpoints: (args) => ({ body: stops.setFunctions(args) }),
    setExceptionBreakpoints: (args) => ({ body: stops.setExceptions(args) }),
  };
}
