import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { runCommandLine } from "../../src/cli/command-line.ts";
import type { ExitCode } from "../../src/cli/exit-code.ts";

export interface Result {
  readonly code: ExitCode;
  readonly out: string;
  readonly error: string;
}

/** Runs one command line inside this process. */
export async function k8snet(...args: readonly string[]): Promise<Result> {
  let out = "";
  let error = "";
  const code = await runCommandLine(args, {
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
    caughtUp: async () => {},
  });
  return { code, out, error };
}

/** A folder of its own for a test file's inputs and outputs. */
export function temporaryFolder(): {
  path(name: string): string;
  write(name: string, content: string | Uint8Array): string;
} {
  const folder = mkdtempSync(join(tmpdir(), "k8snet-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string) => join(folder, name);
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(path(name), content);
    return path(name);
  };
  return { path, write };
}

/** Two pods on one bridge; what is given happens there. */
export function twoPods(...scenarios: readonly string[]): string {
  return `
node node1 {
  bridge cbr0
  pod pod1
  pod pod2 { container web { listen tcp 8080 http } }
}
${scenarios.join("\n")}
`;
}
