import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readCapture } from "../../src/wire/capture-reader.ts";
import { emitFrame, parseFrame } from "../../src/wire/ethernet.ts";
import { isMalformed } from "../../src/wire/malformed.ts";

const testFolder = fileURLToPath(new URL("..", import.meta.url));
/** Captures that are not part of this repository: a folder of them, however deep. */
const otherFolder = process.env.K8SNET_CAPTURES;

const stored = capturesIn(testFolder);
const others = otherFolder === undefined ? [] : capturesIn(otherFolder);

test("the captures are there", () => {
  expect(stored.length).toBeGreaterThan(100);
  if (otherFolder !== undefined) expect(others).not.toEqual([]);
});

test.each([...stored, ...others])("every frame of %s is decoded and emitted again octet for octet", (_, file) => {
  const capture = readCapture(new Uint8Array(readFileSync(file)));
  if (isMalformed(capture)) throw new Error(capture.reason);
  expect(capture.problem).toBeUndefined();
  for (const { bytes } of capture.packets) {
    const frame = parseFrame(bytes);
    if (isMalformed(frame)) throw new Error(frame.reason);
    expect(Buffer.from(emitFrame(frame)).toString("hex")).toBe(Buffer.from(bytes).toString("hex"));
  }
});

/** Pairs of a name and the file, in the order of the names. */
function capturesIn(folder: string): readonly (readonly [string, string])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.pcap(ng)?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [relative(folder, file), file] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
