/** The bytes of packets, as debuggers show memory. */
export interface MemoryFacet {
  /**
   * The bytes that a reference names as they are now, `packet:12.3` from its first byte on, `packet:12.3@14` from its fifteenth; undefined
   * where the packet is gone. `packet:12.3/5@14` says as well in which row the packet is; where it is in another by now, it is looked for.
   */
  read(reference: string): Uint8Array | undefined;
  /** Writes some of them, as an edit: what they then say must be a packet of the same protocols. Answers why it cannot. */
  write(reference: string, offset: number, bytes: Uint8Array): string | undefined;
}
