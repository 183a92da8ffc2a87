import type { Malformed } from "./malformed.ts";

/** What a packet capture file holds. */
export interface Capture {
  readonly interfaces: readonly CaptureInterface[];
  readonly packets: readonly CapturedPacket[];
  /** Where reading ended early, and why: the packets before it are good. */
  readonly problem?: Malformed;
}

export interface CaptureInterface {
  /** Absent in classic pcap files, which hold one interface without a name. */
  readonly name?: string;
  /** Of the LINKTYPE_ registry; 1 = Ethernet. */
  readonly linkType: number;
}

export interface CapturedPacket {
  readonly interfaceIndex: number;
  /** Nanoseconds since the epoch, or since the start of a simulation. */
  readonly timeNs: bigint;
  readonly direction?: "in" | "out";
  /** Bytes on the wire; `bytes` may be cut short by the capture's snap length. */
  readonly originalLength: number;
  readonly bytes: Uint8Array;
}

export const linkTypeEthernet = 1;
