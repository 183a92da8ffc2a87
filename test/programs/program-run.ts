import type { Program, ProgramEffect, ProgramInput, ProgramResult, ProgramStep } from "../../src/programs/program.ts";

/** Runs a program on a manual clock; the test plays the kernel. Every state is deep-frozen, so a change in place fails. */
export class ProgramRun<State> {
  nowNs = 0;
  output = "";
  exit: { status: number; result: ProgramResult; atNs: number } | undefined;
  /** All effects but timers, prints and the exit, as they were asked for. */
  readonly calls: (ProgramEffect & { atNs: number })[] = [];
  private readonly timers = new Map<number, number>();
  private readonly program: Program<State>;
  private state: State;

  constructor(program: Program<State>, startNs = 0) {
    this.program = program;
    this.nowNs = startNs;
    const step = program.start(startNs);
    this.state = step.state;
    this.take(step);
  }

  /** Gives an input now. */
  give(input: ProgramInput): void {
    if (this.exit !== undefined) throw new Error("the program has ended");
    this.take(this.program.handle(this.state, input, this.nowNs));
  }

  /** Lets time pass, firing the timers that fall into it. */
  wait(durationNs: number): void {
    const untilNs = this.nowNs + durationNs;
    for (;;) {
      const due = [...this.timers].filter(([, atNs]) => atNs <= untilNs).sort((a, b) => a[1] - b[1])[0];
      if (due === undefined || this.exit !== undefined) break;
      this.timers.delete(due[0]);
      this.nowNs = due[1];
      this.give({ kind: "timer", timer: due[0] });
    }
    this.nowNs = untilNs;
  }

  /** The effects of one kind. */
  callsOf<Kind extends ProgramEffect["kind"]>(kind: Kind): (ProgramEffect & { kind: Kind; atNs: number })[] {
    return this.calls.filter((call): call is ProgramEffect & { kind: Kind; atNs: number } => call.kind === kind);
  }

  private take(step: ProgramStep<State>): void {
    this.state = deepFreeze(structuredClone(step.state));
    for (const effect of step.effects) this.carryOut(effect);
  }

  private carryOut(effect: ProgramEffect): void {
    switch (effect.kind) {
      case "set timer":
        this.timers.set(effect.timer, this.nowNs + effect.afterNs);
        return;
      case "clear timer":
        this.timers.delete(effect.timer);
        return;
      case "print":
        this.output += effect.text;
        return;
      case "exit":
        this.exit = { status: effect.status, result: effect.result, atNs: this.nowNs };
        return;
      default:
        this.calls.push({ ...effect, atNs: this.nowNs });
    }
  }
}

export const ms = 1_000_000;
export const s = 1_000_000_000;

/** Bytes of a text. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Dotted decimal to a number. */
export function ip(text: string): number {
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
