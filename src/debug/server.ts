import type { DebugEnvironment } from "./environment.ts";
import { K8snetDebugSession } from "./session.ts";

export { conditionVocabulary } from "../lab/console/vocabulary.ts";
export type { DebugEnvironment, LabRequest, OpenLab, OpenLabResult } from "./environment.ts";
export type { LaunchArguments } from "./launch.ts";
export { openSimulatedLab } from "./open-lab.ts";
export type { K8snetDebugSession } from "./session.ts";
export type { ClientTreeRow, StateEventBody } from "./views.ts";

/**
 * A session for one client. Two ways to connect it: over streams with `start(input, output)`, or inline, where the
 * session is itself what VS Code's `DebugAdapterInlineImplementation` takes (`handleMessage`, `onDidSendMessage`).
 */
export function createSession(environment: DebugEnvironment): K8snetDebugSession {
  return new K8snetDebugSession(environment);
}
