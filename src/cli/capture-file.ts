import { closeSync, openSync, realpathSync, statSync, writeSync } from "node:fs";
import type { TappedFrame } from "../lab/observe.ts";
import { emitFrame } from "../wire/ethernet.ts";
import { pcapngInterface, pcapngPacket, pcapngSection } from "../wire/pcapng.ts";
import { BadInput } from "./exit-code.ts";
import type { SourceFile } from "./source-file.ts";

/** Bytes to gather before they are written. */
const bufferBytes = 256 * 1024;

/** Makes or replaces a pcapng file. Throws `BadInput` where that cannot be. */
export function openCapture(path: string, source: SourceFile): CaptureFile {
  try {
    if (realpathSync(path) === realpathSync(source.name))
      throw new BadInput(`${path}: error: this is the file that runs; the capture would replace it`);
    if (statSync(path).isDirectory()) throw new BadInput(`${path}: error: this is a directory; name a file in it`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return new CaptureFile(path);
}

/**
 * What passes the simulated interfaces, one interface block for each. Several scenarios share the interfaces; the times of
 * each count from its own start.
 */
export class CaptureFile {
  private readonly path: string;
  private readonly descriptor: number;
  private readonly interfaces = new Map<string, number>();
  private pending: Uint8Array[] = [];
  private pendingBytes = 0;

  constructor(path: string) {
    this.path = path;
    this.descriptor = this.attempt(() => openSync(path, "w"));
    this.add(pcapngSection());
  }

  /** A scenario begins, with these devices. */
  begin(devices: readonly string[]): void {
    for (const device of devices) this.interfaceOf(device);
  }

  frame({ device, direction, frame, timeNs }: TappedFrame): void {
    const index = this.interfaceOf(device);
    this.add(pcapngPacket(index, Math.round(timeNs), direction, emitFrame(frame)));
  }

  close(): void {
    this.flush();
    this.attempt(() => closeSync(this.descriptor));
  }

  private interfaceOf(device: string): number {
    const known = this.interfaces.get(device);
    if (known !== undefined) return known;
    const index = this.interfaces.size;
    this.interfaces.set(device, index);
    this.add(pcapngInterface(device));
    return index;
  }

  private add(block: Uint8Array): void {
    this.pending.push(block);
    this.pendingBytes += block.length;
    if (this.pendingBytes >= bufferBytes) this.flush();
  }

  private flush(): void {
    const bytes = Buffer.concat(this.pending);
    this.pending = [];
    this.pendingBytes = 0;
    this.attempt(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.descriptor, bytes, at);
    });
  }

  private attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new BadInput(
        `${this.path}: error: the capture cannot be written (${(error as NodeJS.ErrnoException).code})`,
      );
    }
  }
}
