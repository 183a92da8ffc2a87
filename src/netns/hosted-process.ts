import type { Program, ProgramEffect, ProgramInput, ProgramResult } from "../programs/program.ts";
import { TcpConnection, TcpListener } from "./tcp-sockets.ts";
import { UdpSocket } from "./udp-sockets.ts";

/** A real socket that a program opened. */
export interface HostedSocket {
  send?(data: Uint8Array): void;
  close(): void;
}

/** What the one who started a program hears of it. */
export interface HostedListener {
  listening(): void;
  printed(text: string): void;
  exited(status: number, result: ProgramResult): void;
  /** It asked for what cannot be had here. */
  unable(what: string): void;
}

/** Descriptors of accepted connections begin here, as in the simulated kernel. */
const firstAccepted = 1000;

/** One program on real sockets: carries out its effects, and hands it what comes back. */
export class HostedProcess {
  private readonly program: Program<unknown>;
  private readonly listener: HostedListener;
  private readonly sockets = new Map<number, HostedSocket>();
  private readonly timers = new Map<number, NodeJS.Timeout>();
  private state: unknown;
  private nextAccepted = firstAccepted;
  private isOver = false;

  constructor(program: Program<unknown>, listener: HostedListener) {
    this.program = program;
    this.listener = listener;
    const { state, effects } = program.start(nowNs());
    this.state = state;
    for (const effect of effects) this.perform(effect);
  }

  handle(input: ProgramInput): void {
    if (this.isOver) return;
    const { state, effects } = this.program.handle(this.state, input, nowNs());
    this.state = state;
    for (const effect of effects) this.perform(effect);
  }

  private perform(effect: ProgramEffect): void {
    switch (effect.kind) {
      case "open udp":
        this.sockets.set(effect.socket, new UdpSocket(effect, this, this.listener));
        return;
      case "open tcp":
        return this.openTcp(effect);
      case "listen tcp":
        this.sockets.set(effect.socket, new TcpListener(effect, this, this.listener));
        return;
      case "send":
        return this.sockets.get(effect.socket)?.send?.(effect.data);
      case "send to":
        return (this.sockets.get(effect.socket) as UdpSocket | undefined)?.sendTo(effect.to, effect.data);
      case "close":
        return this.close(effect.socket);
      case "set timer":
        return this.setTimer(effect.timer, effect.afterNs);
      case "clear timer":
        return clearTimeout(this.timers.get(effect.timer));
      case "print":
        return this.listener.printed(effect.text);
      case "exit":
        return this.exit(effect.status, effect.result);
      default:
        return this.listener.unable(`${effect.kind} is not for programs of ours`);
    }
  }

  /** Takes a connection that a listener accepted; answers its descriptor. */
  accept(socket: HostedSocket): number {
    const number = this.nextAccepted++;
    this.sockets.set(number, socket);
    return number;
  }

  private openTcp(effect: Extract<ProgramEffect, { kind: "open tcp" }>): void {
    const isUsualTtl = effect.ttl === undefined || effect.ttl === 64;
    if (!isUsualTtl) return this.listener.unable("Node.js cannot set the TTL of a TCP socket");
    this.sockets.set(effect.socket, TcpConnection.open(effect, this));
  }

  private setTimer(timer: number, afterNs: number): void {
    clearTimeout(this.timers.get(timer));
    this.timers.set(
      timer,
      setTimeout(() => this.handle({ kind: "timer", timer }), afterNs / 1e6),
    );
  }

  private close(number: number): void {
    this.sockets.get(number)?.close();
    this.sockets.delete(number);
  }

  private exit(status: number, result: ProgramResult): void {
    this.isOver = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    for (const number of [...this.sockets.keys()]) this.close(number);
    this.listener.exited(status, result);
  }
}

function nowNs(): number {
  return Number(process.hrtime.bigint());
}
