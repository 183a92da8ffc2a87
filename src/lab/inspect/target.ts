import type { PacketData } from "../../linux/packets.ts";

/** What a stack frame is about. */
export interface InspectionTarget {
  /** The packet's row, or 0 where there is none: the scenario, or a packet that is gone. */
  readonly packet: number;
  /** What the packet carries, or carried at its end. */
  readonly data: PacketData | null;
  /** The stage that the frame stands for; 0 for a label. */
  readonly stage: number;
  /** Where that stage is run; 0 where that is nowhere. */
  readonly device: number;
  /** The position from which on changes are shown; absent: before the last event. */
  readonly since?: number;
}
