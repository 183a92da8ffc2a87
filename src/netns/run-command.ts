import { spawn } from "node:child_process";
import type { Argv } from "../plan/shell/commands.ts";
import type { Children } from "./children.ts";

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. A program that is not there answers 127, as a shell does. */
export function runCommand(argv: Argv, children: Children, input?: string): Promise<CommandResult> {
  const [program, ...args] = argv;
  return new Promise((done) => {
    // Programs' texts are compared and read: they must not depend on the user's language.
    const child = children.add(
      spawn(program, args, {
        stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
        env: { ...process.env, LC_ALL: "C" },
      }),
    );
    let [stdout, stderr] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    // A program that ends before it has read all says why by itself.
    child.stdin?.on("error", () => undefined).end(input);
    child.on("error", (error) => done({ status: 127, stdout, stderr: error.message }));
    child.on("close", (status) => done({ status: status ?? 128, stdout, stderr }));
  });
}
