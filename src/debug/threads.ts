import type { DebugProtocol } from "@vscode/debugprotocol";
import type { DebugLab } from "../lab/api.ts";

export interface ThreadList {
  readonly threads: DebugProtocol.Thread[];
  /** One sentence when some were left out. */
  readonly notice?: string;
}

/** The scenario and the packets in flight, as many as one answer may hold. */
export function listThreads(lab: DebugLab, limit: number): ThreadList {
  const { threads, total } = lab.threads(limit);
  const shown = threads.slice(0, limit);
  if (shown.length >= total) return { threads: shown };
  return {
    threads: shown,
    notice: `Showing ${shown.length} of ${total} threads; "maxThreads" in the launch configuration sets the limit`,
  };
}
