import type { PositionRow } from "../../lab/protocol.ts";
import type { ViewPhase } from "./messages.ts";

const phaseWords: Record<ViewPhase, string> = { running: "Running", stopped: "Paused", ended: "Over" };

/** The line above the tree that says where the lab stands. Screen readers hear it when it stands still, not while it runs. */
export function showPosition(
  line: HTMLElement,
  { scenario, event, timeNs, ended }: PositionRow,
  phase: ViewPhase,
): void {
  line.setAttribute("aria-live", phase === "running" ? "off" : "polite");
  const where = ended && phase === "stopped" ? "At the end" : phaseWords[phase];
  line.textContent = `${where} · event ${event} · ${seconds(timeNs)} · ${scenario}`;
  line.title = line.textContent;
}

/** To the microsecond, as tcpdump prints times. */
function seconds(timeNs: number): string {
  return `${(timeNs / 1e9).toFixed(6)} s`;
}
