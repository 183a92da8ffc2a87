import type { DebugProtocol } from "@vscode/debugprotocol";
import type { RecordedClient } from "./recorded-client.ts";

/** Lets the opened program run to its first stop. */
export async function begin(client: RecordedClient): Promise<DebugProtocol.StoppedEvent> {
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  return client.event("stopped", from);
}

/** Lets the opened program run to the first hit of a function breakpoint, which is then taken away; answers the thread that stopped. */
export async function beginTo(client: RecordedClient, stage: string): Promise<number> {
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: stage }] });
  const { body } = await begin(client);
  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  return body.threadId as number;
}

/** The newest frame of a thread. */
export async function top(client: RecordedClient, threadId: number | undefined): Promise<DebugProtocol.StackFrame> {
  const { stackFrames } = (await client.stackTraceRequest({ threadId: threadId ?? 0, levels: 1 })).body;
  return stackFrames[0];
}

export interface FoundVariable {
  /** The reference of what it is in. */
  readonly container: number;
  readonly name: string;
  readonly variable: DebugProtocol.Variable;
}

/** The variable reached by these names from the newest frame's scopes. */
export async function find(client: RecordedClient, threadId: number, ...path: string[]): Promise<FoundVariable> {
  const frame = await top(client, threadId);
  const { scopes } = (await client.scopesRequest({ frameId: frame.id })).body;
  let container = 0;
  let variable = { ...scopes.find(({ name }) => name === path[0]), value: "" } as DebugProtocol.Variable;
  for (const name of path.slice(1)) {
    container = variable.variablesReference;
    const { variables } = (await client.variablesRequest({ variablesReference: container })).body;
    const found = variables.find((one) => one.name === name);
    if (found === undefined) throw new Error(`No ${name} among ${variables.map((one) => one.name)}`);
    variable = found;
  }
  return { container, name: path.at(-1) ?? "", variable };
}
