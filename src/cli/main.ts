import { reportBug, runCommandLine } from "./command-line.ts";
import { processTerminal } from "./terminal.ts";

const terminal = processTerminal();
for (const event of ["uncaughtException", "unhandledRejection"])
  process.on(event, (error) => process.exit(reportBug(error, terminal)));
// Not process.exit: what is still on its way to a pipe is to arrive.
process.exitCode = await runCommandLine(process.argv.slice(2), terminal);
