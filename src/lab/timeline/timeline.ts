import { stage } from "../../linux/stage.ts";
import { digest } from "../../sim/digest.ts";
import type { NextEvent } from "../../sim/simulation.ts";
import type { Motion } from "../api.ts";
import { watchData } from "../data/data-watch.ts";
import type { HandFacet } from "../edits/api.ts";
import type { Session } from "../session.ts";
import type { Checkpoint, Refusal, StatementTarget, TimelineFacet } from "./api.ts";
import { goToEvent, lastChange, runTo, toCheckpoint } from "./motions.ts";

/** Ways through the recording, and the places in it that have names. */
export class Timeline implements TimelineFacet {
  private readonly session: Session;
  private readonly edits: HandFacet;
  private named: readonly Checkpoint[] = [];

  constructor(session: Session, edits: HandFacet) {
    this.session = session;
    this.edits = edits;
  }

  goTo(event: number): Motion | Refusal {
    const { sim } = this.session;
    if (!Number.isSafeInteger(event) || event < 0) return { message: "Events are numbered from 0." };
    if (event < sim.earliest) return { message: isForgotten(sim.earliest) };
    return goToEvent(this.session, event, `Went to event ${event}`);
  }

  lastChange(data: string): Motion | Refusal {
    const watch = watchData(this.session.world, data);
    if ("message" in watch) return watch;
    return lastChange(this.session, watch, (event) => this.edits.made.some(({ position }) => position === event + 1));
  }

  statementTargets(uri: string, line: number): readonly StatementTarget[] {
    const { scenario } = this.session;
    const sources = scenario.statementsOn(uri, line);
    const ran = sources.length === 0 ? [] : this.ranOn(uri, line);
    const isAhead = (event: number) => event >= this.session.sim.position;
    const past = ran.map(({ source, event }) => ({
      label: `${isAhead(event) ? "forward to" : "back to"} before it runs (event ${event})`,
      source,
      event,
    }));
    const isKnown = (line: number, column: number) =>
      ran.some(({ source }) => source.line === line && source.column === column);
    const ahead = sources.filter(({ line, column }) => !isKnown(line, column));
    return [...past, ...ahead.map((source) => ({ label: "run to it", source }))];
  }

  goToStatement({ source, event }: StatementTarget): Motion | Refusal {
    if (event !== undefined) return goToEvent(this.session, event, "Went to before the statement");
    const { scenario, sim } = this.session;
    const isThere = (next: NextEvent | undefined) => {
      if (next?.stage !== stage.statement) return false;
      const at = scenario.statementOf(next.subject)?.source;
      return at !== undefined && at.uri === source.uri && at.line === source.line && at.column === source.column;
    };
    if (isThere(this.session.next())) return goToEvent(this.session, sim.position, "The statement is about to run");
    return runTo(this.session, "Ran to the statement", isThere);
  }

  get checkpoints(): readonly Checkpoint[] {
    return this.named;
  }

  setCheckpoint(name?: string): Checkpoint {
    const { sim } = this.session;
    const next = this.session.next();
    const made: Checkpoint = {
      name: name ?? this.freeName(),
      event: sim.position,
      timeNs: sim.nowNs,
      description: next === undefined ? "the end" : this.session.describe(next),
      state: digest(sim),
    };
    const others = this.named.filter((one) => one.name !== made.name);
    this.named = [...others, made].sort((one, other) => one.event - other.event);
    return made;
  }

  keepCheckpoints(checkpoints: readonly Checkpoint[]): void {
    this.named = checkpoints;
  }

  goToCheckpoint(name: string): Motion | Refusal {
    const found = this.checkpoints.find((one) => one.name === name);
    if (found === undefined) return { message: `There is no checkpoint "${name}"${this.otherNames()}.` };
    if (found.event < this.session.sim.earliest) return { message: isForgotten(this.session.sim.earliest) };
    return toCheckpoint(this.session, found);
  }

  deleteCheckpoint(name: string): boolean {
    const before = this.checkpoints.length;
    this.named = this.named.filter((one) => one.name !== name);
    return this.named.length < before;
  }

  private freeName(): string {
    for (let number = 1; ; number++) {
      const name = `checkpoint ${number}`;
      if (!this.named.some((one) => one.name === name)) return name;
    }
  }

  private otherNames(): string {
    return this.named.length === 0
      ? "; none is set"
      : `; there is ${this.named.map((one) => `"${one.name}"`).join(", ")}`;
  }

  /** An edit at this position has made the future after it another one. */
  forgetAfter(position: number): void {
    this.named = this.named.filter((one) => one.event <= position);
  }

  /** Where the statements on a line ran, by the recording. */
  private ranOn(uri: string, line: number): readonly (StatementTarget & { readonly event: number })[] {
    const { sim, scenario } = this.session;
    const { position } = sim;
    const found: (StatementTarget & { readonly event: number })[] = [];
    for (let event = sim.earliest; event < sim.recorded; event++) {
      if (sim.events.stage(event) !== stage.statement) continue;
      sim.goTo(event);
      const source = scenario.statementOf(sim.events.place(event))?.source;
      if (source?.uri === uri && source.line === line) found.push({ label: "", source, event });
    }
    sim.goTo(position);
    return found;
  }
}

function isForgotten(earliest: number): string {
  return `The recording holds events from ${earliest} on; earlier ones were dropped to bound memory.`;
}
