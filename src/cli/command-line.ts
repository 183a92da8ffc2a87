import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { openSimulatedLab } from "../debug/open-lab.ts";
import { check } from "./check.ts";
import { checkModels, type ModelFormat, modelFormats } from "./check-model.ts";
import { serveDap } from "./dap.ts";
import { BadInput, type ExitCode, exitCode } from "./exit-code.ts";
import { type ExploreOptions, exploreFile } from "./explore.ts";
import { type ExportOptions, exportFile, exportForms } from "./export.ts";
import { type NetfilterTraceOptions, netfilterTrace } from "./netfilter-trace.ts";
import { type RunOptions, run, traceForms } from "./run.ts";
import { type ServiceTraceOptions, serviceTrace } from "./service-trace.ts";
import type { Terminal } from "./terminal.ts";
import { addPacketOptions, collectAddress } from "./traced-packet.ts";
import { type VerifyOptions, verify } from "./verify.ts";

const help = `
Exit status: 0 if every expectation holds (verify: if both kernels do the same; check --model: if the model holds), 1 if not, 2 on bad input.`;

/** Runs one command line, without the program's name, to its end. Never rejects. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let result: ExitCode = exitCode.ok;
  const program = createProgram(terminal, (code) => {
    result = code;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return result;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.badInput;
    if (error instanceof BadInput) {
      terminal.error(`${error.message}\n`);
      return exitCode.badInput;
    }
    return reportBug(error, terminal);
  }
}

/** Our own bug, in one line that the user can do something with. */
export function reportBug(error: unknown, terminal: Pick<Terminal, "error">): ExitCode {
  const text = process.env.K8SNET_DEBUG === "1" && error instanceof Error ? error.stack : firstLine(error);
  const ask = "please report it, with the file and the command (K8SNET_DEBUG=1 shows where it happened)";
  terminal.error(`k8snet: this is a bug in k8snet, ${ask}: ${text}\n`);
  return exitCode.internalError;
}

function createProgram(terminal: Terminal, done: (code: ExitCode) => void): Command {
  const program = new Command("k8snet")
    .description(manifest.description)
    .version(manifest.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .addHelpText("after", help)
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.error })
    .showHelpAfterError("(k8snet --help shows what there is)")
    .exitOverride();
  addRun(program, terminal, done);
  addExplore(program, terminal, done);
  addCheck(program, terminal, done);
  addExport(program, terminal, done);
  addVerify(program, terminal, done);
  addTraces(program, terminal, done);
  addDap(program);
  return program;
}

function addRun(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command("run")
    .description("run the scenarios of a .k8snet file, in the order of the file")
    .argument("<file>", "the .k8snet file, or a .k8snetrun file that the debugger saved")
    .option("--scenario <name>", "run only this scenario")
    .addOption(
      new Option("--trace <form>", "how to print each stage of each packet").choices(traceForms).default("text"),
    )
    .option("--frames", "print only the frames that pass each interface, in place of the trace")
    .option("--pcap <file>", "write what passes the interfaces into this pcapng file")
    .option("--seed <number>", "seed everything that chance decides, in place of the scenario's own seed", parseSeed)
    .action(async (file: string, options: RunOptions) => done(await run(file, options, terminal)));
}

function addExplore(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command("explore")
    .description(
      "try the orders in which things may happen that are due at one time, for one in which an expectation fails",
    )
    .argument("<file>", "the .k8snet file")
    .option("--scenario <name>", "explore only this scenario")
    .option("--max-runs <number>", "give up after so many runs", parseCount, 1000)
    .option("--depth <number>", "the most choices in one run", parseCount, 2)
    .option("--loss <number>", "so many packets may be lost by links", parseCount, 0)
    .option("--out <file>", "where to write the recording of a run that fails; NAME.explored.k8snetrun if left out")
    .option("--seed <number>", "seed everything that chance decides, in place of the scenario's own seed", parseSeed)
    .action(async (file: string, options: ExploreOptions) => done(await exploreFile(file, options, terminal)));
}

function addCheck(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command("check")
    .description("look for errors in .k8snet files, without running anything")
    .argument("<file...>", "the .k8snet files")
    .option("--model", "prove for all pods and nodes that they reach each other without NAT, or say where they do not")
    .addOption(new Option("--format <form>", "how to print what --model finds").choices(modelFormats).default("text"))
    .action(async (files: string[], { model, format }: { model?: boolean; format: ModelFormat }) =>
      done(await (model === true ? checkModels(files, format, terminal) : check(files, terminal))),
    );
}

function addExport(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command("export")
    .description(
      "print what a .k8snet file sets up in another form: a script for Linux' own network namespaces, or its low-level form",
    )
    .argument("<file>", "the .k8snet file")
    .addOption(new Option("--to <form>", "the form to print").choices(exportForms).makeOptionMandatory())
    .action(async (file: string, options: ExportOptions) => done(await exportFile(file, options, terminal)));
}

function addVerify(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command("verify")
    .description("run scenarios in network namespaces of this machine, too, and compare frames and tables with Linux'")
    .argument("<file...>", "the .k8snet files")
    .option("--scenario <name>", "verify only this scenario")
    .option("--keep", "leave the namespaces and the captures for a look")
    .action(async (files: string[], options: VerifyOptions) => done(await verify(files, options, terminal)));
}

function addTraces(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  const service = program
    .command("service-trace")
    .description("say what a node's Service rules do with a packet: who may get it, or how it is refused")
    .argument("<file>", "the .k8snet file")
    .requiredOption("--node <name>", "the node whose rules it meets")
    .addOption(
      new Option("--mode <mode>", "kube-proxy's mode, in place of the file's own").choices(["iptables", "nftables"]),
    )
    .action(async (file: string, options: ServiceTraceOptions) => done(await serviceTrace(file, options, terminal)));
  addPacketOptions(service);
  const netfilter = program
    .command("netfilter-trace")
    .description("say what the rules of a real node do with a packet, and list the rules that it meets")
    .requiredOption("--rules <file>", "what iptables-save or nft list ruleset printed there")
    .option("--sets <file>", "what ipset save printed there: rules that ask for a set are then decided")
    .option("--local-ip <ip>", "an address of the node's own; may be given several times", collectAddress)
    .action(async (options: NetfilterTraceOptions) => done(await netfilterTrace(options, terminal)));
  addPacketOptions(netfilter);
}

function addDap(program: Command): void {
  program
    .command("dap")
    .description("serve the Debug Adapter Protocol, on standard input and output or on a port of 127.0.0.1")
    .option("--port <number>", "the TCP port to listen on; 0 takes any free one", parsePort)
    .action(({ port }: { port?: number }) => serveDap({ port, openLab: openSimulatedLab }).catch(refuseListening));
}

function refuseListening(error: NodeJS.ErrnoException): never {
  if (error.code === "EADDRINUSE")
    throw new BadInput("k8snet dap: error: this port is in use; --port 0 takes a free one");
  if (error.code === "EACCES") throw new BadInput("k8snet dap: error: you may not listen on this port");
  throw error;
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed > 0xffff_ffff)
    throw new InvalidArgumentError("A seed is a whole number from 0 to 4294967295.");
  return seed;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("Write a whole number below 1000000.");
  return count;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError("A port is a number from 0 to 65535.");
  return port;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}
