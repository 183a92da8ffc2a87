import type { DebugProtocol } from "@vscode/debugprotocol";

/**
 * What this adapter can do; a capability is named here on the day its request works. Clients read this once, so the
 * exception filters, when they come, belong here too.
 */
export const capabilities: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsStepBack: true,
  supportsRestartRequest: true,
  supportsTerminateRequest: true,
  supportsDelayedStackTraceLoading: true,
  supportsLoadedSourcesRequest: true,
  supportsStepInTargetsRequest: true,
  supportsRestartFrame: true,
  supportsTerminateThreadsRequest: true,
};
