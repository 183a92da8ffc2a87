import type { Observation, ObservedStatement } from "./observation.ts";

/** Just clear of what was seen at that moment. */
const clearNs = 1000;
/** Races in one scenario that are tried in all their orders; each doubles or triples them. */
const mostRaces = 3;

/**
 * The same observation with its changes at other moments, where frames were seen while the command ran: the captures then do not tell
 * on which side of the change they were. The last race is tried first.
 */
export function* otherMoments(observation: Observation): Generator<Observation> {
  const { statements } = observation;
  const races = [...statements.keys()].filter((index) => momentsOf(statements[index], observation).length > 0);
  for (const chosen of orders(races.slice(-mostRaces), observation)) {
    if (chosen.size === 0) continue;
    const moved = statements.map((one, index) => ({ ...one, startNs: chosen.get(index) ?? one.startNs }));
    yield { ...observation, statements: moved };
  }
}

function* orders(races: readonly number[], observation: Observation): Generator<ReadonlyMap<number, number>> {
  const [first, ...rest] = races;
  if (first === undefined) return yield new Map();
  for (const startNs of [undefined, ...momentsOf(observation.statements[first], observation)])
    for (const later of orders(rest, observation))
      yield startNs === undefined ? later : new Map([[first, startNs], ...later]);
}

/** Before and after what was seen while the change was made. */
function momentsOf({ startsWithin, startNs }: ObservedStatement, { frames }: Observation): readonly number[] {
  if (startsWithin === undefined) return [];
  const { fromNs, toNs } = startsWithin;
  const seen = frames.map(({ timeNs }) => timeNs).filter((timeNs) => timeNs > fromNs && timeNs < toNs);
  const earlier = seen.filter((timeNs) => timeNs <= startNs);
  const later = seen.filter((timeNs) => timeNs > startNs);
  return [
    ...(earlier.length === 0 ? [] : [Math.min(...earlier) - clearNs]),
    ...(later.length === 0 ? [] : [Math.max(...later) + clearNs]),
  ];
}
