import type { DebugProtocol } from "@vscode/debugprotocol";
import { exceptionFilters } from "../lab/exception-filters.ts";

/**
 * What this adapter can do; a capability is named here on the day its request works. Clients read this once, the exception
 * filters with it.
 */
export const capabilities: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  supportsDataBreakpoints: true,
  supportsBreakpointLocationsRequest: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsStepBack: true,
  supportsGotoTargetsRequest: true,
  supportsSetVariable: true,
  supportsSetExpression: true,
  supportsRestartRequest: true,
  supportsTerminateRequest: true,
  supportsDelayedStackTraceLoading: true,
  supportsLoadedSourcesRequest: true,
  supportsStepInTargetsRequest: true,
  supportsRestartFrame: true,
  supportsExceptionInfoRequest: true,
  supportsExceptionFilterOptions: true,
  exceptionBreakpointFilters: exceptionFilters.map(({ filter, label, description }) => ({
    filter,
    label,
    description,
    supportsCondition: true,
    conditionDescription: 'A condition, such as ip.dst == "10.96.0.10"',
  })),
  supportsTerminateThreadsRequest: true,
  supportsEvaluateForHovers: true,
  supportsClipboardContext: true,
  supportsValueFormattingOptions: true,
  supportsCompletionsRequest: true,
  supportsReadMemoryRequest: true,
  supportsWriteMemoryRequest: true,
  completionTriggerCharacters: [" ", ".", "/", '"', "("],
  supportsCancelRequest: true,
  supportsModulesRequest: true,
  supportsSteppingGranularity: true,
  supportsExceptionOptions: true,
  supportsANSIStyling: true,
};
