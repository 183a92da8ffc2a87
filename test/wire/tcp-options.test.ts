import { expect, test } from "vitest";
import { parseFrame } from "../../src/wire/ethernet.ts";
import { type TcpSegment, tcpFlag, tcpSegment } from "../../src/wire/tcp.ts";
import { emitTcpOptions, synOptions, tcpOptions, timestampOptions } from "../../src/wire/tcp-options.ts";
import { kernelCaptures } from "./kernel-captures.ts";

test("a SYN's options are laid out as every SYN of the kernel's", () => {
  const segments = kernelSegments().filter((segment) => (segment.flags & tcpFlag.syn) !== 0);
  expect(segments.length).toBeGreaterThan(10);
  for (const segment of segments) {
    const found = tcpOptions(segment);
    expect(found.sackPermitted).toBe(true);
    const { maximumSegmentSize = 0, windowScale = 0, timestamps = { value: 0, echoReply: 0 } } = found;
    expect(synOptions(maximumSegmentSize, windowScale, timestamps)).toEqual(segment.options);
  }
});

test("so are the options of segments with data", () => {
  const segments = kernelSegments().filter((segment) => segment.data.length > 0);
  expect(segments.length).toBeGreaterThan(10);
  for (const segment of segments) {
    const { timestamps = { value: 0, echoReply: 0 } } = tcpOptions(segment);
    expect(timestampOptions(timestamps)).toEqual(segment.options);
  }
});

test("what is made can be read", () => {
  const options = synOptions(1460, 7, { value: 0xfedcba98, echoReply: 5 });
  expect(tcpOptions(withOptions(options))).toEqual({
    maximumSegmentSize: 1460,
    windowScale: 7,
    sackPermitted: true,
    timestamps: { value: 0xfedcba98, echoReply: 5 },
  });
});

test("up to three SACK blocks fit beside timestamps (RFC 2018 section 3), and are read back", () => {
  const sackBlocks = [
    { start: 100, end: 200 },
    { start: 0xffff_ff00, end: 20 },
    { start: 500, end: 501 },
  ];
  const options = emitTcpOptions({ sackPermitted: false, timestamps: { value: 1, echoReply: 2 }, sackBlocks });
  expect(options).toHaveLength(40);
  expect(tcpOptions(withOptions(options))).toMatchObject({ sackBlocks, timestamps: { value: 1, echoReply: 2 } });
});

test("a SACK option that is not made of whole blocks says nothing", () => {
  const options = Uint8Array.of(5, 11, 0, 0, 0, 1, 0, 0, 0, 2, 9, 1);
  expect(tcpOptions(withOptions(options))).toEqual({ sackPermitted: false });
});

test.each([
  ["no options", []],
  ["end of list first", [0, 2, 4, 5, 180]],
  ["a length of zero", [2, 0, 2, 4, 5, 180]],
  ["a length beyond the end", [2, 40, 5, 180]],
  ["a kind without a length", [1, 1, 1, 2]],
  ["a length that is not the kind's", [2, 3, 5, 3, 2]],
])("%s says nothing", (_, octets) => {
  expect(tcpOptions(withOptions(Uint8Array.from(octets)))).toEqual({ sackPermitted: false });
});

test("an unknown kind is passed over", () => {
  expect(tcpOptions(withOptions(Uint8Array.of(254, 4, 1, 2, 2, 4, 5, 180)))).toMatchObject({
    maximumSegmentSize: 1460,
  });
});

function withOptions(options: Uint8Array): TcpSegment {
  return tcpSegment({
    sourcePort: 1,
    destinationPort: 2,
    sequence: 0,
    acknowledgment: 0,
    flags: 2,
    window: 0,
    options,
  });
}

function kernelSegments(): TcpSegment[] {
  const frames = kernelCaptures.flatMap((capture) => [...capture.frames.values()].flat()).map(parseFrame);
  return frames.flatMap((frame) => {
    if (!("payload" in frame) || frame.payload.kind !== "ipv4") return [];
    return frame.payload.payload.kind === "tcp" ? [frame.payload.payload] : [];
  });
}
