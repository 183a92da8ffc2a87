/** A 48-bit IEEE 802 MAC address as an unsigned number, most significant octet first. */
export type MacAddress = number;

export const broadcastMac: MacAddress = 0xffff_ffff_ffff;
export const zeroMac: MacAddress = 0;

const macPattern = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i;

/** Reads `02:00:0a:f4:00:02` (colons or dashes); undefined for anything else. */
export function parseMac(text: string): MacAddress | undefined {
  if (!macPattern.test(text)) return undefined;
  return Number.parseInt(text.replace(/[:-]/g, ""), 16);
}

/** Writes six lower-case octets joined by colons, as `ip link` does. */
export function formatMac(mac: MacAddress): string {
  const digits = mac.toString(16).padStart(12, "0");
  return digits.replace(/(..)(?=.)/g, "$1:");
}

/** The I/G bit of the first octet: set in broadcast and multicast addresses (IEEE 802-2014 clause 8.2). */
export function isGroupMac(mac: MacAddress): boolean {
  return (Math.floor(mac / 0x1_00_0000_0000) & 1) === 1;
}
