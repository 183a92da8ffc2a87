import type { Diagnostic } from "../base/diagnostic.ts";
import { formatPlace } from "../base/source-range.ts";
import type { DebugLab } from "../lab/api.ts";
import { openCapture } from "../lab/capture/open-capture.ts";
import type { Recording } from "../lab/recording/recording.ts";
import { Arguments } from "./arguments.ts";
import type { ClientFormat } from "./client-format.ts";
import type { DebugEnvironment, OpenLabResult } from "./environment.ts";
import { openRecording } from "./open-recording.ts";
import { RequestError } from "./request-error.ts";

/** The attributes of a launch configuration; README.md of this folder documents them for users. */
export interface LaunchArguments {
  readonly program: string;
  /** The program is a capture to replay, not a file to run. */
  readonly isCapture: boolean;
  /** The program is a recording to live again, up to where it stands. */
  readonly isRecording: boolean;
  readonly scenario?: string;
  readonly seed?: number;
  /** As `k8snet/setPacketBreakpoints` takes them: they hold from the first event on. */
  readonly packetBreakpoints?: Arguments;
  readonly stopOnEntry: boolean;
  /** Stand still after the last event instead of ending the session, so that one can look around and step back. */
  readonly stopAtEnd: boolean;
  /** The most threads that one `threads` answer holds: clients freeze on thousands. */
  readonly maxThreads: number;
  /** Run to the end without breakpoints: "Run Without Debugging". */
  readonly noDebug: boolean;
}

export interface OpenedProgram {
  readonly lab: DebugLab;
  /** Warnings and notes, as lines to print. */
  readonly notes: readonly string[];
  /** To be lived again before anything else happens. */
  readonly recording?: Recording;
}

const defaultMaxThreads = 200;
const shownDiagnostics = 10;

export function parseLaunchArguments(args: Arguments): LaunchArguments {
  const recording = args.optionalString("recording");
  const program = recording ?? args.optionalString("program");
  if (!program) throw new RequestError('launch needs "program": the path of a .k8snet file');
  if (recording !== undefined) refuseWithRecording(args);
  return {
    program,
    isCapture: false,
    isRecording: recording !== undefined,
    scenario: args.optionalString("scenario"),
    seed: args.optionalInteger("seed", 0),
    ...packetBreakpointsOf(args),
    stopOnEntry: args.optionalBoolean("stopOnEntry") ?? false,
    stopAtEnd: args.optionalBoolean("stopAtEnd") ?? false,
    maxThreads: args.optionalInteger("maxThreads", 1) ?? defaultMaxThreads,
    noDebug: args.optionalBoolean("noDebug") ?? false,
  };
}

function packetBreakpointsOf(args: Arguments): Pick<LaunchArguments, "packetBreakpoints"> {
  const breakpoints = args.optionalList("packetBreakpoints");
  return breakpoints === undefined ? {} : { packetBreakpoints: new Arguments({ breakpoints }) };
}

/** What would contradict the recording. */
function refuseWithRecording(args: Arguments): void {
  for (const name of ["program", "scenario"] as const)
    if (args.optionalString(name) !== undefined)
      throw new RequestError(`A recording has a ${name} of its own: leave "${name}" out`);
  if (args.optionalInteger("seed") !== undefined)
    throw new RequestError('A recording has a seed of its own: leave "seed" out');
}

/** Attaching is to look at what has happened: a capture stands before its first frame, and stays after its last one. */
export function parseAttachArguments(args: Arguments): LaunchArguments {
  const program = args.optionalString("capture");
  if (!program) throw new RequestError('attach needs "capture": the path of a pcapng or pcap file');
  return {
    program,
    isCapture: true,
    isRecording: false,
    ...packetBreakpointsOf(args),
    stopOnEntry: args.optionalBoolean("stopOnEntry") ?? true,
    stopAtEnd: args.optionalBoolean("stopAtEnd") ?? true,
    maxThreads: args.optionalInteger("maxThreads", 1) ?? defaultMaxThreads,
    noDebug: false,
  };
}

/** Reads the program anew, compiles it and builds the lab; what is wrong with it becomes an error for the user. */
export async function openProgram(
  launch: LaunchArguments,
  environment: DebugEnvironment,
  format: ClientFormat,
): Promise<OpenedProgram> {
  if (launch.isRecording) return openRecordedProgram(launch, environment, format);
  if (launch.isCapture) return openCaptureFile(launch.program, environment);
  const text = await environment.readFile(launch.program).catch((error: unknown) => cannotRead(launch.program, error));
  const uri = format.programUri(launch.program);
  const { scenario, seed } = launch;
  const result = await environment.openLab({ uri, text, scenario, seed, readImport: environment.readImport });
  return toOpenedProgram(result, launch, format);
}

async function openRecordedProgram(
  launch: LaunchArguments,
  environment: DebugEnvironment,
  format: ClientFormat,
): Promise<OpenedProgram> {
  const { recording, notes, ...program } = await openRecording(launch.program, environment, format);
  const { scenario, seed } = recording;
  const result = await environment.openLab({ ...program, scenario, seed });
  const opened = toOpenedProgram(result, { ...launch, scenario }, format);
  return { ...opened, notes: [...opened.notes, ...notes], recording };
}

async function openCaptureFile(path: string, environment: DebugEnvironment): Promise<OpenedProgram> {
  const bytes = await environment.readBytes(path).catch((error: unknown) => cannotRead(path, error));
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const opened = openCapture(bytes, name.replace(/\.[^.]*$/, ""));
  if ("problem" in opened) throw new RequestError(`${path}: ${opened.problem}`);
  return opened;
}

function cannotRead(path: string, error: unknown): never {
  throw new RequestError(`Cannot read ${path}: ${messageOf(error)}`);
}

function toOpenedProgram(result: OpenLabResult, launch: LaunchArguments, format: ClientFormat): OpenedProgram {
  switch (result.kind) {
    case "opened":
      return { lab: result.lab, notes: result.diagnostics.map((one) => printDiagnostic(one, format)) };
    case "invalid": {
      const errors = result.diagnostics.filter((one) => one.severity === "error");
      const lines = errors.slice(0, shownDiagnostics).map((one) => printDiagnostic(one, format));
      if (errors.length > shownDiagnostics) lines.push(`and ${errors.length - shownDiagnostics} more`);
      throw new RequestError(lines.join("\n"));
    }
    case "unknown scenario":
      throw new RequestError(unknownScenario(launch, result.scenarios));
  }
}

function unknownScenario(launch: LaunchArguments, scenarios: readonly string[]): string {
  if (scenarios.length === 0) return `${launch.program} has no scenario to run`;
  const names = scenarios.map((name) => `"${name}"`).join(", ");
  return `${launch.program} has no scenario "${launch.scenario}"; it has ${names}`;
}

function printDiagnostic(diagnostic: Diagnostic, format: ClientFormat): string {
  const path = format.toSource(diagnostic.range.uri).path;
  return `${formatPlace(diagnostic.range, path)}: ${diagnostic.severity}: ${diagnostic.message}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
