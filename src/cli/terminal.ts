import { once } from "node:events";
import { writeSync } from "node:fs";
import type { Writable } from "node:stream";
import { exitCode } from "./exit-code.ts";

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
  for (const stream of [stdout, stderr]) stream.on("error", endUnheard);
  return {
    out: (text) => stdout.write(text),
    error: (text) => stderr.write(text),
    caughtUp: async () => {
      await drained(stdout);
      await drained(stderr);
    },
  };
}

/** Nobody reads on, or the disk is full: there is no point in going on. */
function endUnheard(error: NodeJS.ErrnoException): never {
  if (error.code === "EPIPE") process.exit(brokenPipeExitCode);
  writeError(`k8snet: error: the output cannot be written (${error.code})\n`);
  process.exit(exitCode.badInput);
}

/** Past the stream, which may be the one that has failed. */
function writeError(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Then nobody can be told.
  }
}

async function drained(stream: Writable): Promise<void> {
  if (stream.writableNeedDrain) await once(stream, "drain");
}
