import type { Capture } from "./capture.ts";
import { type Malformed, malformed } from "./malformed.ts";
import { isPcap, readPcap } from "./pcap.ts";
import { pcapngBlock } from "./pcapng.ts";
import { readPcapng } from "./pcapng-reader.ts";

/** Reads classic pcap and pcapng files of either byte order. The packets share the given bytes. */
export function readCapture(bytes: Uint8Array): Capture | Malformed {
  if (bytes.length < 4) return malformed("capture", "no magic number", bytes);
  const magic = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0);
  if (magic === pcapngBlock.section) return readPcapng(bytes);
  if (isPcap(magic)) return readPcap(bytes);
  return malformed("capture", "neither pcap nor pcapng", bytes);
}
