import { dropReasonOf } from "../../linux/drop.ts";
import type { DropReason } from "../../linux/drop-reason.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { Statement } from "../../plan/statements.ts";
import { findNetns } from "../inspect/find.ts";
import type { Scenario } from "../scenario.ts";
import { isWaiting } from "../walk.ts";
import { ipOf } from "./asked.ts";
import { wrongNeighbours } from "./misaddressed.ts";
import { breaksPodModel } from "./translation.ts";
import { isUnanswerable } from "./way-back.ts";
import { isMisled } from "./wrong-entry.ts";

/** What is lost every day, and tells nothing: copies of a flood that are for others, what nobody waits for, advice that NAT withholds. */
const everyday: ReadonlySet<DropReason> = new Set(["OTHERHOST", "ICMP_NOBODY", "BRIDGE_NO_PORT", "NAT_REDIRECT"]);

/** Part of the recording: the events from `from` on, before `to`. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** When a statement of the scenario ran last, as far as the recording tells. */
export function periodOf(world: World, scenario: Scenario, statement: Statement): Period | undefined {
  const { sim } = world;
  const here = sim.position;
  let to = here;
  let found: Period | undefined;
  for (let event = here - 1; event >= sim.earliest && found === undefined; event--) {
    if (sim.events.stage(event) !== stage.statement) continue;
    sim.goTo(event);
    const strand = sim.events.place(event);
    if (scenario.statementOf(strand) === statement) found = { from: event, to };
    else if (scenario.isMain(strand)) to = event;
  }
  sim.goTo(here);
  return found;
}

/**
 * The first loss in a period that can explain why a statement had no success: of its own packets, else of packets from or to its
 * namespace, else any. A datagram that arrives where no route leads back counts as one: its answer is no packet that could be lost.
 */
export function firstLoss(
  world: World,
  scenario: Scenario,
  statement: Statement | undefined,
  { from, to }: Period,
): number | undefined {
  const { sim } = world;
  const here = sim.position;
  let best: { readonly event: number; readonly rank: number } | undefined;
  for (let event = to - 1; event >= Math.max(from, sim.earliest); event--) {
    const its = sim.events.stage(event);
    if ((its !== stage.drop && its !== stage.udpReceive) || sim.events.walker(event) === 0) continue;
    sim.goTo(event);
    const next = sim.next();
    if (next === undefined || next.walker === 0) continue;
    if (its === stage.drop ? isEveryday(world, next.walker) : !isUnanswerable(world, next)) continue;
    const rank = rankOf(world, scenario, statement, next.walker);
    if (best === undefined || rank >= best.rank) best = { event, rank };
  }
  sim.goTo(here);
  return best?.event;
}

function isEveryday(world: World, packet: number): boolean {
  const reason = dropReasonOf(world, packet);
  if (!everyday.has(reason)) return false;
  return reason !== "OTHERHOST" || (!isMisled(world, packet) && wrongNeighbours(world, packet).length === 0);
}

/** A packet of the statement, or of its namespace, that is waiting for its neighbour's MAC address where the world stands. */
export function waitingPacket(world: World, scenario: Scenario, statement: Statement): number | undefined {
  return [...world.packets.table.rows()].find(
    (packet) => isWaiting(world, packet) && rankOf(world, scenario, statement, packet) > 0,
  );
}

function rankOf(world: World, scenario: Scenario, statement: Statement | undefined, packet: number): number {
  if (statement === undefined) return 0;
  const { process } = world.packets.origin.get(packet);
  if (process !== 0 && scenario.statementOfProcess(process) === statement) return 2;
  const ip = ipOf(world, packet);
  const netns = "netns" in statement ? findNetns(world, statement.netns) : 0;
  if (ip === undefined || netns === 0) return 0;
  return world.addresses.has(netns, ip.source) || world.addresses.has(netns, ip.destination) ? 1 : 0;
}

/** The first packet from pod to pod in a period that gets another source. */
export function firstUnwantedTranslation(world: World, { from, to }: Period): number | undefined {
  const { sim, packets } = world;
  const here = sim.position;
  let found: number | undefined;
  for (let event = Math.max(from, sim.earliest); event < to && found === undefined; event++) {
    if (sim.events.stage(event) !== stage.natTranslate) continue;
    sim.goTo(event);
    const next = sim.next();
    if (next !== undefined && breaksPodModel(world, next.walker, packets.hookAt.get(next.walker))) found = event;
  }
  sim.goTo(here);
  return found;
}
