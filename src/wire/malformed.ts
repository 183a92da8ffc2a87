/** Bytes that are not what they were taken for, and why. Parsing never throws: this is its answer to any junk. */
export interface Malformed {
  readonly kind: "malformed";
  /** The header that could not be read: `ethernet`, `ipv4`, `tcp`, … */
  readonly layer: string;
  readonly reason: string;
  readonly bytes: Uint8Array;
}

export function malformed(layer: string, reason: string, bytes: Uint8Array): Malformed {
  return { kind: "malformed", layer, reason, bytes };
}

export function isMalformed(value: object): value is Malformed {
  return (value as { kind?: unknown }).kind === "malformed";
}
