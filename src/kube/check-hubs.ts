import type { Diagnostic } from "../base/diagnostic.ts";
import { nsPerMetre } from "../plan/cable.ts";
import type { ClusterModel, HubModel, StationModel } from "./model.ts";

/** IEEE 802.3, 4.4.2: 512 bit times, in which a signal must travel to the farthest station and back. */
const slotTimeBits = 512;

/** Hubs whose cables are so long that a station may have sent its whole frame before it hears that it collided. */
export function checkHubs(model: ClusterModel): Diagnostic[] {
  return model.hubs.flatMap((hub) => checkReach(hub) ?? []);
}

function checkReach({ stations, bitRate }: HubModel): Diagnostic | undefined {
  const farthest = [...stations].sort((a, b) => b.cableMetres - a.cableMetres).slice(0, 2);
  if (farthest.length < 2) return undefined;
  const [one, other] = farthest;
  const roundTripNs = 2 * (one.cableMetres + other.cableMetres) * nsPerMetre;
  const slotTimeNs = (slotTimeBits * 1_000_000_000) / bitRate;
  if (roundTripNs <= slotTimeNs) return undefined;
  const trip = `A signal takes ${roundTripNs / 1000} µs from ${name(one)} to ${name(other)} and back`;
  const message = `${trip}, longer than a slot time (${slotTimeNs / 1000} µs): a collision can go unnoticed, and the frame is lost.`;
  return { severity: "warning", code: "cable-too-long", range: one.source, message };
}

function name({ netns, dev }: StationModel): string {
  return `${netns}/${dev}`;
}
