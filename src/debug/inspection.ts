import type { DebugProtocol } from "@vscode/debugprotocol";
import type { DebugLab } from "../lab/api.ts";
import type { FrameRow, Inspection } from "../lab/protocol.ts";
import type { Arguments } from "./arguments.ts";
import type { ClientFormat } from "./client-format.ts";
import { RequestError } from "./request-error.ts";
import { asksForHex, type FrameFormat, frameFormatOf, frameName, inHex } from "./value-format.ts";

/** From this many children on, clients that can are asked to fetch them page by page. */
const pagedFrom = 100;

/**
 * What can be looked at while the lab stands still: stacks, scopes and variables. Frame ids and variable references
 * live for one stop only; references are never used twice, so that a stale one is recognised instead of showing
 * something else.
 */
export class StopInspection {
  private readonly format: ClientFormat;
  private readonly isSettable: (data: string) => boolean;
  private readonly threadOfFrame = new Map<number, number>();
  private readonly containers = new Map<number, () => readonly Inspection[]>();
  private nextReference = 1;

  /** `isSettable` says of data, by its id, whether it can be given another value by hand. */
  constructor(format: ClientFormat, isSettable: (data: string) => boolean) {
    this.format = format;
    this.isSettable = isSettable;
  }

  /** The lab is about to move. */
  forget(): void {
    this.threadOfFrame.clear();
    this.containers.clear();
  }

  stackTrace(lab: DebugLab, args: Arguments): DebugProtocol.StackTraceResponse["body"] {
    const threadId = args.integer("threadId");
    const start = args.optionalInteger("startFrame", 0) ?? 0;
    const levels = args.optionalInteger("levels", 0) || Number.MAX_SAFE_INTEGER;
    const { frames, total } = lab.stack(threadId, start, levels);
    if (total === 0) throw new RequestError(`There is no thread ${threadId}`);
    for (const frame of frames) this.threadOfFrame.set(frame.id, threadId);
    const format = frameFormatOf(args);
    return { stackFrames: frames.map((frame) => this.toStackFrame(frame, format)), totalFrames: total };
  }

  /** Only the newest frame can be stepped from. */
  stepInTargets(lab: DebugLab, args: Arguments): DebugProtocol.StepInTargetsResponse["body"] {
    const labels = lab.stepTargets(this.threadOf(args.integer("frameId")));
    return { targets: labels.map((label, index) => ({ id: index + 1, label })) };
  }

  threadOf(frameId: number): number {
    const threadId = this.threadOfFrame.get(frameId);
    if (threadId === undefined) throw new RequestError(`There is no frame ${frameId} at this stop`);
    return threadId;
  }

  scopes(lab: DebugLab, args: Arguments): DebugProtocol.ScopesResponse["body"] {
    const frameId = args.integer("frameId");
    const threadId = this.threadOf(frameId);
    const scopes = lab.scopes(threadId, frameId).map((scope) => ({
      name: scope.name,
      expensive: scope.expensive,
      variablesReference: this.refer(() => scope.children()),
    }));
    return { scopes };
  }

  variables(args: Arguments): DebugProtocol.VariablesResponse["body"] {
    const reference = args.integer("variablesReference");
    const start = args.optionalInteger("start", 0) ?? 0;
    const count = args.optionalInteger("count", 0) || Number.MAX_SAFE_INTEGER;
    const filter = args.optionalString("filter");
    const children = this.containers.get(reference);
    if (!children) throw new RequestError(`There is no variable ${reference} at this stop`);
    const all = children();
    // A container's children are all of one kind, the one that `countOf` told the client.
    if (filter && filter !== (all.length >= pagedFrom ? "indexed" : "named")) return { variables: [] };
    const isHex = asksForHex(args);
    return { variables: all.slice(start, start + count).map((one) => this.toVariable(one, isHex)) };
  }

  /** The variable of that name in a container. */
  variable(reference: number, name: string): Inspection {
    const children = this.containers.get(reference);
    if (!children) throw new RequestError(`There is no variable ${reference} at this stop`);
    const found = children().find((one) => one.name === name);
    if (!found) throw new RequestError(`Variable ${reference} has no "${name}"`);
    return found;
  }

  private toStackFrame(frame: FrameRow, format: FrameFormat): DebugProtocol.StackFrame {
    const place = frame.source ? this.format.toPlace(frame.source) : { line: 0, column: 0 };
    return {
      id: frame.id,
      name: frameName(frame, format, frame.source ? place.line : 0),
      ...place,
      ...(frame.netns !== undefined && { moduleId: frame.netns }),
      presentationHint: frame.hint,
      canRestart: frame.canRestart === true,
    };
  }

  /** The answer to `evaluate`; `isWhole`: for the clipboard, with what is inside it. */
  evaluated(inspection: Inspection, { isHex, isWhole }: EvaluateFormat): DebugProtocol.EvaluateResponse["body"] {
    const { name: _name, value, evaluateName: _evaluateName, ...rest } = this.toVariable(inspection, isHex);
    return { ...rest, result: isWhole ? wholeText({ ...inspection, value }) : value };
  }

  private toVariable(inspection: Inspection, isHex = false): DebugProtocol.Variable {
    const { name, type, childCount } = inspection;
    const data = inspection.data?.();
    const isReadOnly = data === undefined || !this.isSettable(data);
    const evaluateName = inspection.evaluateName ?? data;
    return {
      name,
      value: isHex ? inHex(inspection.value) : inspection.value,
      ...(evaluateName !== undefined && { evaluateName }),
      ...(inspection.memory !== undefined && { memoryReference: inspection.memory }),
      variablesReference: inspection.children ? this.refer(() => inspection.children?.() ?? []) : 0,
      ...(type !== undefined && { type }),
      ...(isReadOnly && { presentationHint: { attributes: ["readOnly"] } }),
      ...(childCount !== undefined && countOf(childCount)),
    };
  }

  private refer(children: () => readonly Inspection[]): number {
    const reference = this.nextReference++;
    this.containers.set(reference, children);
    return reference;
  }
}

export interface EvaluateFormat {
  readonly isHex: boolean;
  readonly isWhole: boolean;
}

/** More lines than these nobody pastes. */
const mostLines = 500;

/** A value with its children, one a line. */
function wholeText(inspection: Inspection): string {
  const lines = [inspection.value];
  const add = (one: Inspection, depth: number) => {
    for (const child of one.children?.() ?? []) {
      if (lines.length >= mostLines) return;
      lines.push(`${"  ".repeat(depth)}${child.name}: ${child.value}`);
      if (depth < 2) add(child, depth + 1);
    }
  };
  add(inspection, 1);
  return lines.join("\n");
}

function countOf(children: number): { indexedVariables: number } | { namedVariables: number } {
  return children >= pagedFrom ? { indexedVariables: children } : { namedVariables: children };
}
