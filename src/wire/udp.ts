/** A UDP datagram (RFC 768). */
export interface UdpDatagram {
  readonly kind: "udp";
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly data: Uint8Array;
  /** 0 = none (RFC 768); absent in a made datagram, whose checksum is computed when emitted. */
  readonly checksum?: number;
}
