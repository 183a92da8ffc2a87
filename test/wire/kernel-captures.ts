import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCapture } from "../../src/wire/capture-reader.ts";
import { isMalformed } from "../../src/wire/malformed.ts";

/** Recorded from a real kernel; see the README there. */
export const capturesFolder = fileURLToPath(new URL("../captures/kernel", import.meta.url));

/** One scenario's frames and its trace, both by interface: `pod1/eth0`. */
export interface KernelCapture {
  readonly name: string;
  readonly frames: ReadonlyMap<string, readonly Uint8Array[]>;
  readonly lines: ReadonlyMap<string, readonly string[]>;
  readonly isMentionedPort: (port: number) => boolean;
}

export const kernelCaptures: readonly KernelCapture[] = readdirSync(capturesFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => loadCapture(entry.name));

function loadCapture(name: string): KernelCapture {
  const folder = join(capturesFolder, name);
  const pcaps = readdirSync(folder).filter((file) => file.endsWith(".pcap"));
  return {
    name,
    frames: new Map(pcaps.map((file) => [interfaceOf(file), framesOf(join(folder, file))])),
    lines: linesByInterface(readFileSync(join(folder, "trace.txt"), "utf8")),
    isMentionedPort: mentionedPorts(
      ["topology.json", "actions.json"].map((file) => readFileSync(join(folder, file), "utf8")),
    ),
  };
}

/** `node1.flannel.1.pcap` was recorded at `node1/flannel.1`. */
function interfaceOf(file: string): string {
  return file.replace(/\.pcap$/, "").replace(".", "/");
}

function framesOf(path: string): Uint8Array[] {
  const capture = readCapture(new Uint8Array(readFileSync(path)));
  if (isMalformed(capture) || capture.problem !== undefined) throw new Error(`${path} cannot be read`);
  return capture.packets.map((packet) => packet.bytes);
}

/** The lines of each interface, without place and direction. */
function linesByInterface(trace: string): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  for (const line of trace.split("\n")) {
    const match = /^(\S+\/\S+) (?:in|out) (.*)$/.exec(line);
    if (match === null) continue;
    const [, place, text] = match;
    lines.set(place, [...(lines.get(place) ?? []), text]);
  }
  return lines;
}

function mentionedPorts(texts: readonly string[]): (port: number) => boolean {
  const numbers = new Set(texts.flatMap((text) => text.match(/\b\d{1,5}\b/g) ?? []).map(Number));
  return (port) => numbers.has(port);
}
