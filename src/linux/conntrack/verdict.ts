import type { DropReason } from "../drop-reason.ts";

/** What becomes of a packet at one place of its walk. */
export type Verdict = "accept" | DropReason;
