import type { TcpConnection, TcpEffect, TcpInput, TcpStep } from "../../../src/linux/socket/tcp/connection.ts";
import { tcpInput } from "../../../src/linux/socket/tcp/input.ts";
import { acceptTcp, openTcp, type TcpParameters } from "../../../src/linux/socket/tcp/open.ts";
import { resetFor } from "../../../src/linux/socket/tcp/reset.ts";
import { type TcpSegment, tcpFlag } from "../../../src/wire/tcp.ts";
import { tcpOptions } from "../../../src/wire/tcp-options.ts";

export const ms = 1_000_000;
export const s = 1_000_000_000;

export type Side = "client" | "server";

const addresses = { client: 0x0af40002, server: 0x0af40003 };
const ports = { client: 40001, server: 8080 };
const initialSequences = { client: 4_294_967_290, server: 1000 };

export interface PairOptions {
  readonly mss?: number;
  readonly delayNs?: number;
  readonly listening?: boolean;
  /** Whether the n-th transmitted segment (from 0) is lost. */
  readonly loses?: (index: number, segment: TcpSegment) => boolean;
  readonly onEvent?: (pair: TcpPair, side: Side, effect: TcpEffect) => void;
}

interface Due {
  readonly atNs: number;
  readonly order: number;
  readonly side: Side;
  readonly input: TcpInput;
}

/**
 * Two connections back to back: a pipe with a fixed delay that loses what a test tells it to, and a manual clock. The
 * server's end comes into being with the first SYN.
 */
export class TcpPair {
  nowNs = 0;
  readonly ends: Partial<Record<Side, TcpConnection>> = {};
  /** Every transmitted segment, lost or not. */
  readonly sent: { atNs: number; side: Side; segment: TcpSegment; lost: boolean }[] = [];
  readonly received: Record<Side, string> = { client: "", server: "" };
  readonly events: Record<Side, string[]> = { client: [], server: [] };
  private readonly options: PairOptions;
  private queue: Due[] = [];
  private readonly timers = new Map<string, Due>();
  private order = 0;

  constructor(options: PairOptions = {}) {
    this.options = options;
  }

  connect(): this {
    this.take("client", openTcp(this.parameters("client"), this.nowNs));
    return this;
  }

  give(side: Side, input: TcpInput): void {
    const connection = this.ends[side];
    if (connection !== undefined) this.take(side, tcpInput(connection, input, this.nowNs));
    else if (input.kind === "segment") this.receiveWithoutConnection(side, input.segment);
  }

  send(side: Side, text: string): void {
    this.give(side, { kind: "send", data: new TextEncoder().encode(text) });
  }

  close(side: Side): void {
    this.give(side, { kind: "close" });
  }

  /** Lets time pass; segments arrive and timers fire. */
  wait(durationNs: number): this {
    const untilNs = this.nowNs + durationNs;
    for (let next = this.next(); next !== undefined && next.atNs <= untilNs; next = this.next()) {
      this.nowNs = next.atNs;
      this.remove(next);
      this.give(next.side, next.input);
    }
    this.nowNs = untilNs;
    return this;
  }

  /** One line per transmitted segment, with sequence numbers relative to their direction's start. */
  lines(): string[] {
    return this.sent.map(({ side, segment }) => lineOf(side, segment));
  }

  /** When each segment was sent, in ms. */
  timesMs(): number[] {
    return this.sent.map(({ atNs }) => atNs / ms);
  }

  private parameters(side: Side): TcpParameters {
    const other: Side = side === "client" ? "server" : "client";
    return {
      local: { address: addresses[side], port: ports[side] },
      remote: { address: addresses[other], port: ports[other] },
      mss: this.options.mss ?? 1460,
      initialSequence: initialSequences[side],
      timestampOffset: side === "client" ? 4_294_967_000 : 77,
    };
  }

  private receiveWithoutConnection(side: Side, segment: TcpSegment): void {
    const isSyn = (segment.flags & (tcpFlag.syn | tcpFlag.ack | tcpFlag.rst)) === tcpFlag.syn;
    if (side === "server" && isSyn && this.options.listening !== false) {
      this.take(side, acceptTcp(this.parameters(side), segment, this.nowNs));
      return;
    }
    const reset = resetFor(segment);
    if (reset !== undefined) this.transmit(side, reset);
  }

  private take(side: Side, step: TcpStep): void {
    this.ends[side] = structuredClone(step.connection);
    for (const effect of step.effects) {
      if (effect.kind === "transmit") this.transmit(side, effect.segment);
      else if (effect.kind === "set timer") {
        const input: TcpInput = { kind: "timer", timer: effect.timer };
        this.timers.set(`${side} ${effect.timer}`, {
          atNs: this.nowNs + effect.afterNs,
          order: this.order++,
          side,
          input,
        });
      } else if (effect.kind === "clear timer") this.timers.delete(`${side} ${effect.timer}`);
      else this.note(side, effect);
    }
  }

  private note(side: Side, effect: TcpEffect): void {
    if (effect.kind === "data") this.received[side] += new TextDecoder().decode(effect.data);
    this.events[side].push(effect.kind === "error" ? effect.error : effect.kind);
    if (effect.kind === "closed") {
      delete this.ends[side];
      const left = [...this.timers.keys()].filter((key) => key.startsWith(side));
      if (left.length > 0) throw new Error(`closed with timers: ${left}`);
    }
    this.options.onEvent?.(this, side, effect);
  }

  private transmit(side: Side, segment: TcpSegment): void {
    const lost = this.options.loses?.(this.sent.length, segment) ?? false;
    this.sent.push({ atNs: this.nowNs, side, segment, lost });
    if (lost) return;
    const to: Side = side === "client" ? "server" : "client";
    const atNs = this.nowNs + (this.options.delayNs ?? 100_000);
    this.queue.push({ atNs, order: this.order++, side: to, input: { kind: "segment", segment } });
  }

  private next(): Due | undefined {
    return [...this.queue, ...this.timers.values()].sort((a, b) => a.atNs - b.atNs || a.order - b.order)[0];
  }

  private remove(due: Due): void {
    this.queue = this.queue.filter((one) => one !== due);
    for (const [key, timer] of this.timers) if (timer === due) this.timers.delete(key);
  }
}

/** `client [PA] seq=1 ack=1 len=32`, as the kernel captures print it. */
export function lineOf(side: Side, segment: TcpSegment): string {
  const other: Side = side === "client" ? "server" : "client";
  const flags = [
    [tcpFlag.fin, "F"],
    [tcpFlag.syn, "S"],
    [tcpFlag.rst, "R"],
    [tcpFlag.psh, "P"],
    [tcpFlag.ack, "A"],
  ] as const;
  const letters = flags.filter(([bit]) => (segment.flags & bit) !== 0).map(([, letter]) => letter);
  const relative = (number: number, from: Side) => (number - initialSequences[from]) >>> 0;
  const isBareReset = (segment.flags & tcpFlag.rst) !== 0 && segment.sequence === 0;
  const sequence = isBareReset ? 0 : relative(segment.sequence, side);
  const ack = (segment.flags & tcpFlag.ack) !== 0 ? ` ack=${relative(segment.acknowledgment, other)}` : "";
  const { maximumSegmentSize, sackBlocks } = tcpOptions(segment);
  const mss = maximumSegmentSize === undefined ? "" : ` mss=${maximumSegmentSize}`;
  const sack = (sackBlocks ?? []).map((block) => ` sack=${relative(block.start, other)}-${relative(block.end, other)}`);
  return `${side} [${letters.join("")}] seq=${sequence}${ack} len=${segment.data.length}${mss}${sack.join("")}`;
}
