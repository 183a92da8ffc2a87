import type { PositionRow } from "../../lab/protocol.ts";
import type { ViewPhase } from "./messages.ts";

const phaseWords: Record<ViewPhase, string> = { running: "running", stopped: "paused", ended: "over" };

/** The line above the tree that says where the lab stands. Screen readers hear it when it stands still, not while it runs. */
export function showPosition(line: HTMLElement, position: PositionRow, phase: ViewPhase): void {
  line.setAttribute("aria-live", phase === "running" ? "off" : "polite");
  const word = position.ended && phase === "stopped" ? "at the end" : phaseWords[phase];
  line.textContent = `${position.scenario} · ${word} at event ${position.event}, ${seconds(position.timeNs)}`;
  line.title = line.textContent;
}

/** To the microsecond, as tcpdump prints times. */
function seconds(timeNs: number): string {
  return `${(timeNs / 1e9).toFixed(6)} s`;
}
