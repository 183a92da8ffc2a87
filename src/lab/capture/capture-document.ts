import type { SourceRange } from "../../base/source-range.ts";
import { printFrame } from "../../wire/frame-text.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { formatMac } from "../../wire/mac-address.ts";
import type { GeneratedDocument } from "../protocol.ts";
import type { CapturedInterface } from "./network.ts";
import type { Sightings } from "./sightings.ts";

/** As many frames as the document lists: an editor can hold more, a reader cannot. */
const mostListedFrames = 20_000;

/**
 * What a capture holds, as a text to read and to set breakpoints in: a line for each interface, then one for each frame. It has
 * no file with declarations, so these lines are where the debugger's arrow points.
 */
export class CaptureDocument implements GeneratedDocument {
  readonly uri: string;
  readonly text: string;
  private readonly lines: readonly string[];
  private readonly interfaceLines: number;

  constructor(uri: string, title: string, interfaces: readonly CapturedInterface[], sightings: Sightings) {
    this.uri = uri;
    const listed = sightings.all.slice(0, mostListedFrames);
    const heading = [`# ${title}: ${sightings.all.length} frames of ${sightings.first.length} packets`, ""];
    this.interfaceLines = heading.length;
    const names = interfaces.map(({ netns, dev }) => `${netns}/${dev}`);
    const width = Math.max(0, ...names.map(({ length }) => length));
    this.lines = [
      ...heading,
      ...interfaces.map((one, index) => interfaceLine(one, names[index].padEnd(width), names)),
      "",
      ...listed.map(({ timeNs, tap, direction, frame, packet }) => {
        const place = `${names[tap].padEnd(width)} ${direction.padEnd(3)}`;
        return `${(timeNs / 1e9).toFixed(6).padStart(12)} ${place} #${packet + 1} ${printFrame(frame)}`;
      }),
      ...(listed.length < sightings.all.length ? [`# and ${sightings.all.length - listed.length} more`] : []),
    ];
    this.text = this.lines.map((line) => `${line}\n`).join("");
  }

  /** The line of an interface, by its number. */
  rangeOfInterface(index: number): SourceRange {
    return this.rangeOfLine(this.interfaceLines + index + 1);
  }

  private rangeOfLine(line: number): SourceRange {
    return { uri: this.uri, line, column: 1, endLine: line, endColumn: (this.lines[line - 1]?.length ?? 0) + 1 };
  }
}

function interfaceLine(
  { kind, mac, addresses, master }: CapturedInterface,
  name: string,
  names: readonly string[],
): string {
  const known = [
    mac === 0 ? [] : `address ${formatMac(mac)}`,
    addresses.map((address) => `inet ${formatIpv4(address)}`),
    master === undefined ? [] : `port of ${names[master]}`,
  ].flat();
  return `interface ${name} ${[kind, ...known].join(" ")}`;
}
