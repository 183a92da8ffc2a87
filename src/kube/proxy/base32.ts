/** RFC 4648, section 6. */
const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The first `length` digits of some bytes in base 32. */
export function base32(bytes: Uint8Array, length: number): string {
  const whole = bytes.subarray(0, Math.ceil((length * 5) / 8));
  let bits = 0n;
  for (const byte of whole) bits = (bits << 8n) | BigInt(byte);
  const total = BigInt(whole.length * 8);
  let text = "";
  for (let at = 1n; at <= BigInt(length); at++) text += digits[Number((bits >> (total - 5n * at)) & 31n)];
  return text;
}
