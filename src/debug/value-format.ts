import type { FrameParameter, FrameRow } from "../lab/protocol.ts";
import type { Arguments } from "./arguments.ts";

/**
 * How a client wants a stack frame's name: `StackFrameFormat` of the protocol. Its `includeAll` has nothing to add: no frame of a packet is ever
 * left out.
 */
export interface FrameFormat {
  readonly isHex: boolean;
  /** The network namespace before the name, as debuggers write `libc!open`. */
  readonly showsModule: boolean;
  readonly showsLine: boolean;
  /** What of each parameter stands in parentheses after the stage; undefined for no parentheses at all. */
  readonly parameters?: { readonly types: boolean; readonly names: boolean; readonly values: boolean };
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
    parameters: format && parametersAskedFor(format),
  };
}

/** `parameters` alone leaves it to the adapter what it shows of them: names and values. What is asked for by its own name needs no more. */
function parametersAskedFor(format: Arguments): FrameFormat["parameters"] {
  const asks = (what: string) => format.optionalBoolean(what) === true;
  const wish = { types: asks("parameterTypes"), names: asks("parameterNames"), values: asks("parameterValues") };
  if (wish.types || wish.names || wish.values) return format.optionalBoolean("parameters") === false ? undefined : wish;
  return asks("parameters") ? { types: false, names: true, values: true } : undefined;
}

/** `64` as `0x40`, `2 (reply)` as `0x2 (reply)`; what is not one whole number stays as it is. */
export function inHex(value: string): string {
  const match = /^(-?)(\d+)( \(.*\))?$/.exec(value);
  if (match === null) return value;
  const [, sign, digits, note = ""] = match;
  return `${sign}0x${BigInt(digits).toString(16)}${note}`;
}

/** `line` counts as the client counts. Statements are text of the file, in which numbers stay as they were written. */
export function frameName(frame: FrameRow, format: FrameFormat, line: number): string {
  const { name, hint, stage, netns, parameters } = frame;
  const isText = hint === "normal" && stage === undefined;
  const shown = format.isHex && !isText ? name.replace(wholeNumber, inHex) : name;
  const module = format.showsModule && netns !== undefined ? `${netns}!` : "";
  const called = format.parameters && parameters ? withParameters(shown, parameters, format.parameters) : shown;
  return `${module}${called}${format.showsLine && line > 0 ? ` line ${line}` : ""}`;
}

/** `veth.receive(ICMP packet=#3) @ pod2/eth0`: after the stage, before its rule and its place. */
function withParameters(
  name: string,
  parameters: readonly FrameParameter[],
  { types, names, values }: NonNullable<FrameFormat["parameters"]>,
): string {
  const texts = parameters.map((one) => {
    const named = [names ? one.name : "", values ? one.value : ""].filter((text) => text !== "").join("=");
    return [types ? one.type : "", named].filter((text) => text !== "").join(" ");
  });
  return name.replace(/(?= · | @ )/, `(${texts.join(", ")})`);
}

/** A number that stands by itself or after `=`: no part of an address, a port, a packet's number or a name. */
const wholeNumber = /(?<=[ =])\d+(?=$|[ ,)])/g;
