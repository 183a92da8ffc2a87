import type { SourceRange } from "../base/source-range.ts";
import type { Rule } from "../config/iptables/rule-set.ts";
import type { NftRule } from "../config/nft/rule-set.ts";
import { dropReasonOf } from "../linux/drop.ts";
import { rejectionOf } from "../linux/netfilter/rejection.ts";
import { stage, stageNames } from "../linux/stage.ts";
import type { World } from "../linux/world.ts";
import type { DeclaredPlace, NetworkPlan } from "../plan/plan.ts";
import type { NextEvent } from "../sim/simulation.ts";
import type { EthernetFrame } from "../wire/ethernet.ts";
import type { Ipv4Packet } from "../wire/ipv4.ts";
import { BreakpointFilter, makeFilter } from "./breakpoint-filter.ts";
import { placeOnLine } from "./breakpoint-locations.ts";
import { bridgeStages, glob, hubStages, linkStages, noSuchStage } from "./breakpoint-names.ts";
import { Subject } from "./conditions/subject.ts";
import { type Documents, generatedScheme } from "./documents/documents.ts";
import { policyRule } from "./documents/rule-document.ts";
import { exceptionFilters } from "./exception-filters.ts";
import { deviceName, hubName } from "./names.ts";
import type {
  BreakpointRow,
  BreakpointWish,
  ExceptionBreakpoint,
  FunctionBreakpoint,
  LineBreakpoint,
  OutputRow,
} from "./protocol.ts";
import { refusedServiceOf } from "./refused-service.ts";
import { routeBinding } from "./route-breakpoint.ts";
import type { Scenario } from "./scenario.ts";

/** A breakpoint that is bound: the stages it waits for, and what else must hold. */
interface Bound {
  readonly id: number;
  readonly kind: "line" | "function" | "exception";
  readonly label: string;
  readonly stages: readonly number[];
  matches(event: NextEvent): boolean;
  readonly filter: BreakpointFilter;
  readonly source?: SourceRange;
}

type Watch = Pick<Bound, "stages" | "matches" | "label">;
type Binding = Omit<Bound, "id" | "filter"> & { readonly message?: string };

/** What a breakpoint hit reports. */
export interface Hit {
  readonly ids: readonly number[];
  readonly reason: "breakpoint" | "function breakpoint" | "exception";
  readonly labels: readonly string[];
  /** Why a condition could not be answered. */
  readonly failure?: string;
}

const anywhere = () => true;

const stopReasons = { line: "breakpoint", function: "function breakpoint", exception: "exception" } as const;

/** Breakpoints of all kinds: binds them, arms the stages they wait for, and says which ones an event hits. */
export class Breakpoints {
  private readonly world: World;
  private readonly plan: NetworkPlan;
  private readonly scenario: Scenario;
  private readonly lines = new Map<string, readonly Bound[]>();
  private functions: readonly Bound[] = [];
  private exceptions: readonly Bound[] = [];
  private all: readonly Bound[] = [];
  private byStage: Bound[][] = [];
  private readonly filters = new Map<string, BreakpointFilter>();
  private readonly subject: Subject;
  private readonly documents: Documents;
  private readonly print: (row: OutputRow) => void;
  private nextId = 1;

  constructor(
    world: World,
    plan: NetworkPlan,
    scenario: Scenario,
    documents: Documents,
    print: (row: OutputRow) => void,
  ) {
    this.subject = new Subject(world);
    this.print = print;
    this.documents = documents;
    this.world = world;
    this.plan = plan;
    this.scenario = scenario;
  }

  setLines(uri: string, lines: readonly LineBreakpoint[]): readonly BreakpointRow[] {
    const bound: Bound[] = [];
    const rows = lines.map((one) =>
      this.bind(one, `${uri}:${one.line}:${one.column ?? 0}`, () => this.bindLine(uri, one.line, one.column), bound),
    );
    this.lines.set(uri, bound);
    this.refresh();
    return rows;
  }

  setFunctions(names: readonly FunctionBreakpoint[]): readonly BreakpointRow[] {
    const bound: Bound[] = [];
    const rows = names.map((one) => this.bind(one, one.name, () => this.bindFunction(one.name), bound));
    this.functions = bound;
    this.refresh();
    return rows;
  }

  setExceptions(filters: readonly ExceptionBreakpoint[]): readonly BreakpointRow[] {
    const bound: Bound[] = [];
    const rows = filters.map((one) => this.bind(one, one.filter, () => this.bindException(one.filter), bound));
    this.exceptions = bound;
    this.refresh();
    return rows;
  }

  private bindException(name: string): Binding | { readonly message: string } {
    const found = exceptionFilters.find(({ filter }) => filter === name);
    if (found === undefined) return { message: `There is no exception filter "${name}".` };
    const { label, stages } = found;
    return { kind: "exception", label, stages, matches: (event) => found.matches(this.world, event) };
  }

  private bind(
    wish: BreakpointWish,
    place: string,
    find: () => Binding | { readonly message: string },
    bound: Bound[],
  ): BreakpointRow {
    const id = this.nextId++;
    const found = find();
    if (!("kind" in found)) return { id, verified: false, message: found.message };
    const filter = this.filterOf(wish, place);
    if (!(filter instanceof BreakpointFilter)) return { id, verified: false, message: filter.message };
    const { message, ...binding } = found;
    bound.push({ ...binding, id, filter });
    return { id, verified: true, message, source: found.source };
  }

  /** The same wish at the same place goes on counting where it was: clients send whole lists for every change. */
  private filterOf(wish: BreakpointWish, place: string): BreakpointFilter | { readonly message: string } {
    const key = JSON.stringify([place, wish.condition, wish.hitCondition, wish.logMessage]);
    const filter = this.filters.get(key) ?? makeFilter(wish);
    if (filter instanceof BreakpointFilter) this.filters.set(key, filter);
    return filter;
  }

  /** Marks the stages that some breakpoint waits for. */
  arm(armed: Uint8Array): void {
    for (const one of this.all) for (const number of one.stages) armed[number] = 1;
  }

  get count(): number {
    return this.all.length;
  }

  /** Whether some breakpoint's stage, place and condition fit the event. */
  wants(event: NextEvent): boolean {
    const waiting = this.byStage[event.stage];
    if (waiting === undefined || waiting.length === 0) return false;
    const { position } = this.world.sim;
    this.subject.look(event);
    for (let i = 0; i < waiting.length; i++) {
      const { matches, filter } = waiting[i];
      if ((matches === anywhere || matches(event)) && filter.holds(this.subject, position)) return true;
    }
    return false;
  }

  /** Which breakpoints the event would hit; undefined when none. Prints the log messages of those that only print. */
  hit(event: NextEvent, way: "forward" | "backward"): Hit | undefined {
    const hits = (this.byStage[event.stage] ?? []).filter((one) => this.isHit(one, event));
    const stopping = hits.filter((one) => !this.logs(one, way));
    if (stopping.length === 0) return undefined;
    const reason = stopReasons[stopping[0].kind];
    const { position } = this.world.sim;
    const failure = stopping.map((one) => one.filter.failureAt(position)).find((one) => one !== undefined);
    return { ids: stopping.map((one) => one.id), reason, labels: stopping.map((one) => one.label), failure };
  }

  private isHit(one: Bound, event: NextEvent): boolean {
    const { sim } = this.world;
    const { position } = sim;
    if (!this.fits(one, event)) return false;
    const result = one.filter.counts(sim, position, (earlier) => this.fittedAt(one, earlier));
    if (sim.position !== position) sim.goTo(position);
    this.subject.look(event);
    return result;
  }

  private fits(one: Bound, event: NextEvent): boolean {
    if (!one.matches(event)) return false;
    this.subject.look(event);
    return one.filter.holds(this.subject, this.world.sim.position);
  }

  /** Whether it fitted an event of the recording; leaves the world there. */
  private fittedAt(one: Bound, event: number): boolean {
    const { sim } = this.world;
    if (!one.stages.includes(sim.events.stage(event))) return false;
    sim.goTo(event);
    const next = sim.next();
    return next !== undefined && this.fits(one, next);
  }

  /** True for one that prints instead of stopping; what it prints is printed once, when the run comes by. */
  private logs({ filter, source }: Bound, way: "forward" | "backward"): boolean {
    const { position } = this.world.sim;
    if (filter.log === undefined || filter.failureAt(position) !== undefined) return false;
    if (way === "backward" || position < filter.loggedTo) return true;
    filter.loggedTo = position + 1;
    this.print({ category: "console", text: filter.log.print(this.subject), source });
    return true;
  }

  private refresh(): void {
    this.all = [...[...this.lines.values()].flat(), ...this.functions, ...this.exceptions];
    this.byStage = [];
    for (const number of stageNames.keys())
      this.byStage[number] = this.all.filter((one) => one.stages.includes(number));
  }

  private bindLine(uri: string, line: number, column?: number): Binding | { readonly message: string } {
    const isDeclared = this.plan.places.some(({ source }) => source.uri === uri);
    if (uri.startsWith(generatedScheme) && !isDeclared) return this.bindRule(uri, line);
    if (uri !== this.plan.uri && !isDeclared)
      return { message: `This session runs ${this.plan.uri}, not this document.` };
    const place = placeOnLine(this.plan, uri, line, column);
    if (place === undefined) return { message: this.nothingHere(line) };
    const { stages, matches, label } = this.watch(place);
    return { kind: "line", label: `line ${line}`, stages, matches, message: label, source: place.source };
  }

  /** A line of a document that the run makes: a rule, or the head of a chain. */
  private bindRule(uri: string, line: number): Binding | { readonly message: string } {
    const routes = this.documents.routes.find(uri);
    if (routes !== undefined) return routeBinding(this.world, routes, line);
    const document = this.documents.find(uri);
    if (document === undefined) return { message: "No namespace of this scenario has these rules now." };
    const place = document.placeAt(line);
    if (place === undefined) return { message: "A packet can stop at a rule, or at the head of a chain." };
    const { chain, rule } = place;
    const { netfilter, packets } = this.world;
    const row = rule === policyRule ? 0 : netfilter.chainRules.get(chain)[rule];
    const label =
      rule === policyRule ? "stops when a packet enters this chain" : "stops when a packet is tried on this rule";
    const matches = ({ walker }: NextEvent) => {
      const at = walker === 0 ? null : packets.hookAt.get(walker);
      if (at === null || at.chain !== chain) return false;
      return row === 0 ? at.rule === 0 : netfilter.chainRules.get(chain)[at.rule] === row;
    };
    const source = document.rangeOfLine(line);
    return { kind: "line", label: `line ${line}`, stages: [stage.nfRule], matches, message: label, source };
  }

  private nothingHere(line: number): string {
    const lines = this.plan.places.map((place) => place.source.line);
    if (lines.length === 0) return "Nothing in this file can meet a packet yet.";
    const closest = lines.reduce((a, b) => (Math.abs(b - line) < Math.abs(a - line) ? b : a));
    return `No packet can stop on this line. The nearest line where one can is line ${closest}.`;
  }

  /** What a declared place means for events. Rows know the line that declared them, so ranges need no list of names. */
  private watch(place: DeclaredPlace): Watch {
    const { line } = place.source;
    switch (place.kind) {
      case "netns":
        return {
          label: "stops when a packet enters or leaves this namespace",
          stages: linkStages,
          matches: (event) => this.netnsLine(this.deviceOf(event)) === line,
        };
      case "bridge":
        return {
          label: "stops when this bridge forwards, floods or takes a frame",
          stages: bridgeStages,
          matches: (event) => this.deviceLine(this.deviceOf(event)) === line,
        };
      case "hub":
        return {
          label: "stops when a station of this hub transmits, receives, or collides with another one",
          stages: hubStages,
          matches: (event) => this.hubLine(this.deviceOf(event)) === line,
        };
      case "interface":
        return {
          label: "stops when a frame passes this interface",
          stages: linkStages,
          matches: (event) => this.deviceLine(this.deviceOf(event)) === line,
        };
      case "listen":
        return {
          label: "stops when a packet is delivered to this listener",
          stages: [stage.udpReceive, stage.tcpReceive],
          matches: (event) => this.isForListener(event, place),
        };
      case "service":
        return {
          label: `stops when a packet comes to ${place.service}, when its endpoint is chosen, or when it has none`,
          stages: [stage.nfRule, stage.nfReject, stage.drop],
          matches: (event) => this.concernsService(event, place),
        };
      case "rule":
        return {
          label: "stops when a packet is tried on this rule",
          stages: [stage.nfRule],
          matches: ({ walker }) => ruleAt(this.world, walker) === place.rule,
        };
      case "statement":
        return {
          label: "stops before this statement runs",
          stages: [stage.statement],
          matches: (event) => {
            const source = this.scenario.statementOf(event.subject)?.source;
            return source?.line === line && source.column === place.source.column;
          },
        };
    }
  }

  /** At the first rule of one of its chains, or of an endpoint's that one of these leads to; or refused in its name. */
  private concernsService(
    { walker, stage: next }: NextEvent,
    place: Extract<DeclaredPlace, { kind: "service" }>,
  ): boolean {
    const { packets, netfilter } = this.world;
    if (next === stage.nfReject || (next === stage.drop && isDroppedByRule(this.world, walker))) {
      const refused = refusedServiceOf(this.world, walker);
      return refused !== undefined && place.ports.includes(refused.port);
    }
    if (next === stage.drop) return false;
    const at = packets.hookAt.get(walker);
    if (at === null || at.rule !== 0) return false;
    const isOwn = (chain: number) => place.chains.includes(netfilter.chainName.get(chain));
    return isOwn(at.chain) || (at.caller !== undefined && isOwn(at.caller.chain));
  }

  private deviceOf(event: NextEvent): number {
    return event.walker === 0 ? 0 : this.world.packets.device.get(event.walker);
  }

  private deviceLine(device: number): number | undefined {
    return this.ownLine(this.world.devices.source.get(device));
  }

  private netnsLine(device: number): number | undefined {
    return this.ownLine(this.world.namespaces.source.get(this.world.devices.netns.get(device)));
  }

  private hubLine(device: number): number | undefined {
    const { hubs, stations } = this.world;
    const station = stations.ofDevice(device);
    return station === 0 ? undefined : this.ownLine(hubs.source.get(stations.hub.get(station)));
  }

  private ownLine(source: SourceRange | null): number | undefined {
    return source === null || source.uri !== this.plan.uri ? undefined : source.line;
  }

  private isForListener(event: NextEvent, place: Extract<DeclaredPlace, { kind: "listen" }>): boolean {
    const { packets, namespaces } = this.world;
    const { payload } = (packets.data.get(event.walker) as EthernetFrame).payload as Ipv4Packet;
    if (payload.kind !== "udp" && payload.kind !== "tcp") return false;
    const netns = namespaces.name.get(packets.netns.get(event.walker));
    return place.listeners.some(
      (one) => one.protocol === payload.kind && one.port === payload.destinationPort && one.netns === netns,
    );
  }

  private bindFunction(name: string): Binding | { readonly message: string } {
    const at = name.indexOf("@");
    const stagePattern = (at < 0 ? name : name.slice(0, at)).trim();
    const placePattern = at < 0 ? undefined : name.slice(at + 1).trim();
    const pattern = glob(stagePattern);
    const stages = stageNames.flatMap((stageName, number) => (number > 0 && pattern.test(stageName) ? [number] : []));
    if (stages.length === 0) return { message: noSuchStage(stagePattern) };
    if (placePattern !== undefined && !this.isPlace(placePattern))
      return { message: `There is no device, namespace or hub called "${placePattern}".` };
    const matches = placePattern === undefined ? anywhere : this.placeMatcher(placePattern);
    return { kind: "function", label: name, stages, matches };
  }

  private isPlace(pattern: string): boolean {
    const { devices } = this.world;
    const test = glob(pattern);
    for (const device of devices.table.rows()) if (this.isAt(test, device)) return true;
    return false;
  }

  private isAt(pattern: RegExp, device: number): boolean {
    const name = deviceName(this.world, device);
    const hub = hubName(this.world, device);
    return pattern.test(name) || pattern.test(name.slice(0, name.lastIndexOf("/"))) || pattern.test(hub);
  }

  private placeMatcher(pattern: string): (event: NextEvent) => boolean {
    const test = glob(pattern);
    const known = new Map<number, boolean>();
    return (event) => {
      const device = this.deviceOf(event);
      if (device === 0) return false;
      let result = known.get(device);
      if (result === undefined) {
        result = this.isAt(test, device);
        known.set(device, result);
      }
      return result;
    };
  }
}

/** The rule that a packet stands before. */
function ruleAt({ packets, netfilter }: World, packet: number): Rule | NftRule | null {
  const at = packet === 0 ? null : packets.hookAt.get(packet);
  const row = at === null || at.chain === 0 ? undefined : netfilter.chainRules.get(at.chain)[at.rule];
  return row === undefined ? null : (netfilter.rule.get(row) ?? netfilter.nftRule.get(row));
}

/** And not rejected before, where a breakpoint has stopped already. */
function isDroppedByRule(world: World, packet: number): boolean {
  const { packets, netfilter } = world;
  const at = packet === 0 || dropReasonOf(world, packet) !== "NETFILTER_DROP" ? null : packets.hookAt.get(packet);
  if (at === null || at.chain === 0) return false;
  const row = netfilter.chainRules.get(at.chain)[at.rule];
  return row !== undefined && rejectionOf(world, row) === undefined;
}
