import type { FrameRow } from "../lab/protocol.ts";
import type { Arguments } from "./arguments.ts";

/** How a client wants a stack frame's name: `StackFrameFormat` of the protocol, as far as a packet's frames have it. */
export interface FrameFormat {
  readonly isHex: boolean;
  /** The network namespace before the name, as debuggers write `libc!open`. */
  readonly showsModule: boolean;
  readonly showsLine: boolean;
}

/** The `format` of a request's arguments asks for hexadecimal integers. */
export function asksForHex(args: Arguments): boolean {
  return args.optionalObject("format")?.optionalBoolean("hex") === true;
}

export function frameFormatOf(args: Arguments): FrameFormat {
  const format = args.optionalObject("format");
  return {
    isHex: asksForHex(args),
    showsModule: format?.optionalBoolean("module") === true,
    showsLine: format?.optionalBoolean("line") === true,
  };
}

/** `64` as `0x40`, `2 (reply)` as `0x2 (reply)`; what is not one whole number stays as it is. */
export function inHex(value: string): string {
  const match = /^(-?)(\d+)( \(.*\))?$/.exec(value);
  if (match === null) return value;
  const [, sign, digits, note = ""] = match;
  return `${sign}0x${BigInt(digits).toString(16)}${note}`;
}

/** `line` counts as the client counts. Statements are text of the file, in which numbers stay as they were written. */
export function frameName({ name, hint, stage, netns }: FrameRow, format: FrameFormat, line: number): string {
  const isText = hint === "normal" && stage === undefined;
  const shown = format.isHex && !isText ? name.replace(wholeNumber, inHex) : name;
  const module = format.showsModule && netns !== undefined ? `${netns}!` : "";
  return `${module}${shown}${format.showsLine && line > 0 ? ` line ${line}` : ""}`;
}

/** A number that stands by itself or after `=`: no part of an address, a port, a packet's number or a name. */
const wholeNumber = /(?<=[ =])\d+(?=$|[ ,)])/g;
