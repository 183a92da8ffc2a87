import type { Motion } from "../api.ts";
import type { Recording } from "./recording.ts";

/** The run as something to keep. */
export interface RecordingFacet {
  /** The run up to here, with the edits of the whole recording; a sentence where this lab was not opened from a file. */
  take(title?: string): Recording | { readonly message: string };
  /** Lives a recording again, in a lab that stands at its beginning: makes its edits, and stops where it stood. Breakpoints do not stop it. */
  replay(recording: Recording): Motion;
}
