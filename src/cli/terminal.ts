import { once } from "node:events";
import type { Writable } from "node:stream";

/** Where the command line writes: results to standard output, complaints and summaries to standard error. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
  /** Resolves when a slow reader has caught up, so that long output does not pile up in memory. */
  caughtUp(): Promise<void>;
}

/** The shell's number for a program that wrote to a closed pipe, as `k8snet … | head` makes it do. */
export const brokenPipeExitCode = 141;

export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  for (const stream of [stdout, stderr]) stream.on("error", endOnBrokenPipe);
  return {
    out: (text) => stdout.write(text),
    error: (text) => stderr.write(text),
    caughtUp: async () => {
      await drained(stdout);
      await drained(stderr);
    },
  };
}

function endOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(brokenPipeExitCode);
  throw error;
}

async function drained(stream: Writable): Promise<void> {
  if (stream.writableNeedDrain) await once(stream, "drain");
}
