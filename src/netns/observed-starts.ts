import type { Parallel, Statement } from "../plan/statements.ts";
import type { EthernetFrame } from "../wire/ethernet.ts";
import { transportOf } from "../wire/frame-text.ts";
import { broadcastMac } from "../wire/mac-address.ts";
import { type SeenFrame, splitDevice } from "./capture.ts";
import { conversationOf } from "./conversation.ts";

/** A packet that waited for ARP leaves so soon after the answer. */
const releaseNs = 3_000_000;

/** A question is repeated after so long at most: one second, and what the timer is late. */
const repeatNs = 1_300_000_000;
/** A process needs some milliseconds to start. What it is not seen to send for so long has another cause. */
const longestStartNs = 250_000_000;

/**
 * When a statement sent its first packet: the simulated program begins when the real one was seen to. `startNs`, where none
 * was seen, is when its process was started.
 */
export function observedStart(statement: Statement, startNs: number, frames: readonly SeenFrame[]): number {
  const first = firstFrame(statement, startNs, frames)?.startNs ?? startNs;
  return first - startNs > longestStartNs ? startNs : first;
}

/** The same for a `parallel` block, in which it is chance who is first. In the order of the block. */
export function observedStarts(block: Parallel, blockStartNs: number, frames: readonly SeenFrame[]): readonly number[] {
  const firsts = block.statements.map((statement) => firstFrame(statement, blockStartNs, frames));
  // Several may have waited for one answer: they are told apart by the order in which they then left.
  const order = [...firsts.keys()].sort((a, b) => (firsts[a]?.sentNs ?? 0) - (firsts[b]?.sentNs ?? 0));
  return firsts.map((first, index) => (first?.startNs ?? blockStartNs) + order.indexOf(index) * 100);
}

interface FirstFrame {
  readonly sentNs: number;
  /** When it was sent, or the question that it waited for. */
  readonly startNs: number;
}

function firstFrame(statement: Statement, sinceNs: number, frames: readonly SeenFrame[]): FirstFrame | undefined {
  if (!("netns" in statement)) return undefined;
  const ever = frames.filter(({ device }) => splitDevice(device).netns === statement.netns);
  const sent = ever.filter(({ direction, device }) => direction === "out" || device.endsWith("/lo"));
  const questions = sent.filter((one) => one.timeNs >= sinceNs && isNewQuestion(one, sent));
  const first = earliest(sent.filter(({ frame, timeNs }) => timeNs >= sinceNs && isOf(statement, frame)));
  if (first === undefined) {
    // It may never have got further than to ask.
    const question = earliest(questions);
    return question && { sentNs: question.timeNs, startNs: question.timeNs };
  }
  const answer = ever.find(({ frame, direction, timeNs }) => {
    const isAnswer = direction === "in" && frame.payload.kind === "arp" && frame.payload.operation === 2;
    return isAnswer && timeNs <= first.timeNs && timeNs > first.timeNs - releaseNs;
  });
  if (answer === undefined) return { sentNs: first.timeNs, startNs: first.timeNs };
  const question = questions.find(({ frame }) => conversationOf(frame) === conversationOf(answer.frame));
  // Somebody else had asked before.
  return { sentNs: first.timeNs, startNs: question?.timeNs ?? sinceNs };
}

/** A broadcast question that does not repeat an earlier one. Who asks may change: it is the source of the packet that waits last. */
function isNewQuestion({ frame, device, timeNs }: SeenFrame, sent: readonly SeenFrame[]): boolean {
  const { payload } = frame;
  if (payload.kind !== "arp" || frame.destination !== broadcastMac) return false;
  return !sent.some((other) => {
    const beforeNs = timeNs - other.timeNs;
    if (other.device !== device || beforeNs <= 0 || beforeNs > repeatNs) return false;
    const earlier = other.frame.payload;
    return earlier.kind === "arp" && earlier.targetIp === payload.targetIp && other.frame.destination === broadcastMac;
  });
}

/** Whether a statement's program sent the frame. */
function isOf(statement: Statement, { payload }: EthernetFrame): boolean {
  if (statement.do === "arping") return payload.kind === "arp" && payload.targetIp === statement.target;
  if (payload.kind !== "ipv4" || !("destination" in statement) || payload.destination !== statement.destination)
    return false;
  const transport = transportOf(payload);
  if (statement.do === "ping" || statement.do === "traceroute")
    return transport.kind === "icmp-echo" && transport.identifier === statement.identifier;
  const protocol = statement.do === "udp" ? "udp" : "tcp";
  return transport.kind === protocol && transport.destinationPort === statement.port;
}

function earliest(frames: readonly SeenFrame[]): SeenFrame | undefined {
  return frames.reduce<SeenFrame | undefined>(
    (best, one) => (best && best.timeNs <= one.timeNs ? best : one),
    undefined,
  );
}
