/** How numbers that differ from run to run are written in a line of text. */
export interface Notation {
  port(port: number): string;
  /** A TCP sequence or acknowledgment number. */
  sequence(sequence: number): string;
}

/** Every number as it is on the wire. */
export const plainNotation: Notation = { port: String, sequence: String };
