import { describe, expect, test } from "vitest";
import { type EthernetFrame, emitFrame, ethernetFrame, frameLength, parseFrame } from "../../src/wire/ethernet.ts";
import { printFrame } from "../../src/wire/frame-text.ts";
import { FrameTracer } from "../../src/wire/frame-trace.ts";
import { type Ipv4Payload, ipv4Packet } from "../../src/wire/ipv4.ts";
import { isMalformed } from "../../src/wire/malformed.ts";
import { type KernelCapture, kernelCaptures } from "./kernel-captures.ts";

test("the captures are there", () => {
  expect(kernelCaptures.map((capture) => capture.name)).toContain("01-same-node-cold");
  expect(kernelCaptures.flatMap((capture) => [...capture.frames.values()].flat()).length).toBeGreaterThan(1000);
});

describe.each(kernelCaptures)("$name", (capture) => {
  test("every frame is parsed and emitted again octet for octet", () => {
    for (const bytes of allFrames(capture)) {
      const frame = parsed(bytes);
      expect(frameLength(frame)).toBe(bytes.length);
      expect(hex(emitFrame(frame))).toBe(hex(bytes));
    }
  });

  test("checksums computed here are those that the kernel computed", () => {
    for (const [place, frames] of capture.frames) {
      for (const bytes of frames) {
        const frame = withoutChecksums(parsed(bytes), place.endsWith("/lo"));
        expect(hex(emitFrame(frame)), printFrame(frame)).toBe(hex(bytes));
      }
    }
  });
});

// IPv6 is not decoded yet.
const ipv4Captures = kernelCaptures.filter((capture) => capture.name !== "19-ipv6-ndp");

test.each(ipv4Captures)("the frame trace prints the recorded lines of $name, interface by interface", (capture) => {
  const tracer = new FrameTracer(capture.isMentionedPort);
  for (const bytes of allFrames(capture)) tracer.observe(parsed(bytes));
  for (const [place, frames] of capture.frames) {
    const printed = frames.map((bytes) => tracer.line(parsed(bytes)));
    const recorded = capture.lines.get(place) ?? [];
    expect({ place, lines: printed }).toEqual({ place, lines: recorded });
  }
  expect([...capture.frames.keys()]).toEqual(expect.arrayContaining([...capture.lines.keys()]));
});

function allFrames(capture: KernelCapture): Uint8Array[] {
  return [...capture.frames.values()].flat();
}

function parsed(bytes: Uint8Array): EthernetFrame {
  const frame = parseFrame(bytes);
  if (isMalformed(frame)) throw new Error(frame.reason);
  return frame;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The same frame as if made here, so that its checksums are computed when it is emitted. */
function withoutChecksums(frame: EthernetFrame, isLoopback: boolean): EthernetFrame {
  if (frame.payload.kind !== "ipv4") return frame;
  const packet = frame.payload;
  // The checksum of a first fragment covers all fragments; on lo, those of TCP and UDP are partial.
  const keepsTransport = packet.moreFragments || (isLoopback && ["tcp", "udp"].includes(packet.payload.kind));
  const payload = keepsTransport ? packet.payload : withoutChecksum(packet.payload);
  return ethernetFrame(
    frame.destination,
    frame.source,
    ipv4Packet({ ...packet, checksum: undefined, payload }),
    frame.trailer,
  );
}

function withoutChecksum(payload: Ipv4Payload): Ipv4Payload {
  const isAbsent = payload.kind === "udp" && payload.checksum === 0;
  return payload.kind === "raw" || isAbsent ? payload : { ...payload, checksum: undefined };
}
