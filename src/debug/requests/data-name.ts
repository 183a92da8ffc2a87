import type { RequestContext } from "./request.ts";

/** What data breakpoints, edits and the timeline know a variable by; without a container, the name itself. */
export function dataName(context: RequestContext, name: string, reference: number | undefined): string {
  if (reference === undefined) return name;
  const variable = context.standing().inspection.variable(reference, name);
  return variable.data?.() ?? variable.evaluateName ?? name;
}
