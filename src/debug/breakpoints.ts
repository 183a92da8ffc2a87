import type { DebugProtocol } from "@vscode/debugprotocol";
import type { DebugLab } from "../lab/api.ts";
import type { DataBreakpoint } from "../lab/data/api.ts";
import type { BreakpointRow, BreakpointWish, FunctionBreakpoint, LineBreakpoint } from "../lab/protocol.ts";
import type { Arguments } from "./arguments.ts";
import type { ClientFormat } from "./client-format.ts";
import { RequestError } from "./request-error.ts";

/** One breakpoint that the client wants; its id outlives the lab that it is bound in, which Restart replaces. */
interface WantedBreakpoint {
  readonly id: number;
  bound?: BreakpointRow;
}

interface WantedLine extends WantedBreakpoint, LineBreakpoint {}

interface WantedFunction extends WantedBreakpoint, FunctionBreakpoint {}

interface WantedData extends WantedBreakpoint, DataBreakpoint {}

interface WantedException extends WantedBreakpoint {
  readonly filter: string;
  readonly condition?: string;
}

/**
 * What the client wants to stop at, kept apart from any lab: breakpoints may come before there is one, and a restarted
 * lab gets them anew.
 */
export class Breakpoints {
  private readonly format: ClientFormat;
  private readonly changed: (breakpoint: DebugProtocol.Breakpoint) => void;
  private readonly lines = new Map<string, readonly WantedLine[]>();
  private functions: readonly WantedFunction[] = [];
  private treeFunctions: readonly WantedFunction[] = [];
  private data: readonly WantedData[] = [];
  private treeData: readonly WantedData[] = [];
  private exceptions: readonly WantedException[] = [];
  private lab: DebugLab | undefined;
  private whyUnbound = "The program is not open yet";
  private nextId = 1;

  /** `changed` tells the client about a breakpoint whose state changed by itself. */
  constructor(format: ClientFormat, changed: (breakpoint: DebugProtocol.Breakpoint) => void) {
    this.format = format;
    this.changed = changed;
  }

  setLines(args: Arguments): DebugProtocol.SetBreakpointsResponse["body"] {
    const uri = this.format.documentUri(args.object("source"));
    const wanted = requestedLines(args).map((one) => ({
      ...one,
      id: this.nextId++,
      line: this.format.toLabLine(one.line),
      column: one.column && this.format.toLabColumn(one.column),
    }));
    this.lines.set(uri, wanted);
    this.bindLines(uri, wanted);
    return { breakpoints: wanted.map((one) => this.describeLine(uri, one)) };
  }

  setFunctions(args: Arguments): DebugProtocol.SetFunctionBreakpointsResponse["body"] {
    const requested = args.optionalObjects("breakpoints") ?? missingList();
    this.functions = requested.map((one) => ({
      id: this.nextId++,
      name: one.string("name"),
      ...wishOf(one),
    }));
    this.bindFunctions();
    return { breakpoints: this.functions.map((one) => this.describe(one)) };
  }

  setData(args: Arguments): DebugProtocol.SetDataBreakpointsResponse["body"] {
    const requested = args.optionalObjects("breakpoints") ?? missingList();
    this.data = requested.map((one) => ({ id: this.nextId++, dataId: one.string("dataId"), ...wishOf(one) }));
    this.bindData();
    return { breakpoints: this.data.map((one) => this.describe(one)) };
  }

  /** Those of the client's own tree: on a stage by `name` or on data by `dataId`, with all that a breakpoint can ask for. */
  setPacketBreakpoints(args: Arguments): { breakpoints: DebugProtocol.Breakpoint[] } {
    const requested = args.optionalObjects("breakpoints") ?? missingList();
    const wanted = requested.map((one): WantedFunction | WantedData => {
      const dataId = one.optionalString("dataId");
      const base = { id: this.nextId++, ...wishOf(one) };
      return dataId === undefined ? { ...base, name: one.string("name") } : { ...base, dataId };
    });
    this.treeFunctions = wanted.filter((one) => "name" in one);
    this.treeData = wanted.filter((one) => "dataId" in one);
    this.bindFunctions();
    this.bindData();
    return { breakpoints: wanted.map((one) => this.describe(one)) };
  }

  /** `filters` are ids, `filterOptions` ids with a condition, `exceptionOptions` paths down to reasons of drops. */
  setExceptions(args: Arguments): DebugProtocol.SetExceptionBreakpointsResponse["body"] {
    const plain = (args.optionalList("filters") ?? []).map((filter) => ({ filter: String(filter) }));
    const options = (args.optionalObjects("filterOptions") ?? []).map((one) => ({
      filter: one.string("filterId"),
      condition: one.optionalString("condition"),
    }));
    const byReason = (args.optionalObjects("exceptionOptions") ?? []).map(reasonFilter);
    this.exceptions = [...plain, ...options, ...byReason].map((one) => ({ id: this.nextId++, ...one }));
    this.bindExceptions();
    return { breakpoints: this.exceptions.map((one) => this.describe(one)) };
  }

  /** Takes up a new lab, and reports every breakpoint that this binds or looses. */
  bindTo(lab: DebugLab): void {
    this.lab = lab;
    const before = this.describeAll();
    for (const [uri, wanted] of this.lines) this.bindLines(uri, wanted);
    this.bindFunctions();
    this.bindData();
    this.bindExceptions();
    const previous = before.map((one) => JSON.stringify(one));
    for (const [index, now] of this.describeAll().entries()) {
      if (JSON.stringify(now) !== previous[index]) this.changed(now);
    }
  }

  /** For a run that stops nowhere. */
  unbind(reason: string): void {
    this.lab = undefined;
    this.whyUnbound = reason;
    for (const wanted of this.wanted()) wanted.bound = undefined;
  }

  /** The client's ids for the lab's. */
  clientIds(labIds: readonly number[]): number[] {
    return this.wanted()
      .filter((one) => one.bound && labIds.includes(one.bound.id))
      .map((one) => one.id);
  }

  private wanted(): readonly WantedBreakpoint[] {
    return [...[...this.lines.values()].flat(), ...this.unplaced()];
  }

  /** Those that belong to no line. */
  private unplaced(): readonly WantedBreakpoint[] {
    return [...this.functions, ...this.treeFunctions, ...this.data, ...this.treeData, ...this.exceptions];
  }

  private bindData(): void {
    const wanted = [...this.data, ...this.treeData];
    const rows = this.lab?.dataBreakpoints.set(wanted);
    for (const [index, one] of wanted.entries()) one.bound = rows?.[index];
  }

  private bindExceptions(): void {
    const rows = this.lab?.setExceptionBreakpoints(this.exceptions);
    for (const [index, one] of this.exceptions.entries()) one.bound = rows?.[index];
  }

  private bindLines(uri: string, wanted: readonly WantedLine[]): void {
    const rows = this.lab?.setLineBreakpoints(uri, wanted);
    for (const [index, one] of wanted.entries()) one.bound = rows?.[index];
  }

  private bindFunctions(): void {
    const wanted = [...this.functions, ...this.treeFunctions];
    const rows = this.lab?.setFunctionBreakpoints(wanted);
    for (const [index, one] of wanted.entries()) one.bound = rows?.[index];
  }

  private describeAll(): DebugProtocol.Breakpoint[] {
    const lines = [...this.lines].flatMap(([uri, wanted]) => wanted.map((one) => this.describeLine(uri, one)));
    return [...lines, ...this.unplaced().map((one) => this.describe(one))];
  }

  private describeLine(uri: string, one: WantedLine): DebugProtocol.Breakpoint {
    const asked = { source: this.format.toSource(uri), line: this.format.toClientLine(one.line) };
    return { ...asked, ...this.describe(one) };
  }

  private describe(one: WantedBreakpoint): DebugProtocol.Breakpoint {
    if (!one.bound) return { id: one.id, verified: false, message: this.whyUnbound, reason: "pending" };
    const { verified, message, source } = one.bound;
    return {
      id: one.id,
      verified,
      ...(message !== undefined && { message }),
      ...(!verified && { reason: "failed" as const }),
      ...(source && this.format.toPlace(source)),
    };
  }
}

function requestedLines(args: Arguments): readonly LineBreakpoint[] {
  const requested = args.optionalObjects("breakpoints");
  if (requested) {
    return requested.map((one) => {
      return { line: one.integer("line"), column: one.optionalInteger("column", 0), ...wishOf(one) };
    });
  }
  const lines = args.optionalList("lines") ?? missingList();
  return lines.map((line, index) => {
    if (!Number.isSafeInteger(line)) throw new RequestError(`lines[${index}] must be an integer`);
    return { line: line as number };
  });
}

/** `[{ names: ["drop"] }, { names: ["NEIGH_FAILED", "IP_INNOROUTES"] }]`: drops for these reasons; or, negated, for all others. */
function reasonFilter(option: Arguments): { readonly filter: string; readonly condition?: string } {
  const [kind, reason] = option.optionalObjects("path") ?? [];
  const filter = String(kind?.optionalList("names")?.[0] ?? "drop");
  // Nothing is ever so: the client wants to hear that it was set, and no stop.
  if (option.string("breakMode") === "never") return { filter, condition: "false" };
  if (reason === undefined) return { filter };
  const names = (reason.optionalList("names") ?? []).map((name) => `drop.reason == ${JSON.stringify(String(name))}`);
  const any = names.length === 0 ? "false" : names.join(" || ");
  return { filter, condition: reason.optionalBoolean("negate") ? `!(${any})` : any };
}

function wishOf(asked: Arguments): BreakpointWish {
  return {
    condition: asked.optionalString("condition"),
    hitCondition: asked.optionalString("hitCondition"),
    logMessage: asked.optionalString("logMessage"),
  };
}

function missingList(): never {
  throw new RequestError("breakpoints is missing: it must be a list");
}
