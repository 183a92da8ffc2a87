import fc from "fast-check";
import { expect, test } from "vitest";
import { type EthernetFrame, emitFrame, frameLength, parseFrame } from "../../src/wire/ethernet.ts";
import { printFrame } from "../../src/wire/frame-text.ts";
import { FrameTracer } from "../../src/wire/frame-trace.ts";
import { isMalformed } from "../../src/wire/malformed.ts";
import { arbitraryFrame } from "./arbitrary-frames.ts";
import { kernelCaptures } from "./kernel-captures.ts";

test("a made frame is parsed as it was made", () => {
  fc.assert(
    fc.property(arbitraryFrame, (frame) => {
      const bytes = emitFrame(frame);
      expect(frameLength(frame)).toBe(bytes.length);
      expect(withoutChecksums(parseFrame(bytes))).toEqual(withoutChecksums(frame));
    }),
    { numRuns: 500 },
  );
});

test("any octets are parsed without throwing, and a frame found in them is emitted as the same octets", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bearsAnything), { numRuns: 500 });
});

test("so are real frames with damaged and missing octets", () => {
  const frames = kernelCaptures.flatMap((capture) => [...capture.frames.values()].flat());
  const damage = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 });
  const property = fc.property(fc.constantFrom(...frames), damage, fc.nat(120), (frame, changes, missing) => {
    const bytes = frame.slice(0, Math.max(0, frame.length - missing));
    for (const [at, value] of changes) bytes[at] = value;
    bearsAnything(bytes);
  });
  fc.assert(property, { numRuns: 3000 });
});

test("a frame shorter than its header is malformed, and says so", () => {
  expect(parseFrame(new Uint8Array(13))).toMatchObject({
    kind: "malformed",
    layer: "ethernet",
    reason: "13 bytes, needs 14",
  });
});

function bearsAnything(bytes: Uint8Array): void {
  const frame = parseFrame(bytes);
  if (isMalformed(frame)) return;
  expect(emitFrame(frame)).toEqual(bytes);
  expect(frameLength(frame)).toBe(bytes.length);
  expect(printFrame(frame)).not.toContain("undefined");
  const tracer = new FrameTracer(() => true);
  tracer.observe(frame);
  expect(tracer.line(frame)).not.toContain("NaN");
}

/** Drops what parsing adds: checksums as found. Those that say "none" (UDP) stay. */
function withoutChecksums(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, item) => (key === "checksum" && item !== 0 ? undefined : item)));
}

test("octets after the packet are kept apart from it", () => {
  const padded = new Uint8Array(60).fill(0xaa);
  padded.set(kernelFrame());
  const frame = parseFrame(padded) as EthernetFrame;
  expect(frame.payload.kind).toBe("arp");
  expect(frame.trailer).toHaveLength(18);
});

/** The first frame of the first capture, an ARP request of 42 octets. */
function kernelFrame(): Uint8Array {
  const [first] = kernelCaptures[0].frames.get("pod1/eth0") ?? [];
  return first;
}
