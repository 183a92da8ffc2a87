/** Explicit congestion notification across a tunnel (RFC 6040, include/net/inet_ecn.h). */

const mask = 3;
const notCapable = 0;
const capable1 = 1;
const capable0 = 2;
const congestion = 3;

/** `INET_ECN_encapsulate`: routers below may mark the outer packet anew, so congestion itself is not copied. */
export function outerTos(inner: number): number {
  const mark = inner & mask;
  return mark === congestion ? capable0 : mark;
}

/** `INET_ECN_decapsulate`: the inner packet's TOS with what routers wrote on the outer one; undefined: it has to be dropped. */
export function combinedTos(outer: number, inner: number): number | undefined {
  const [seen, mark] = [outer & mask, inner & mask];
  if (mark === notCapable) return seen === congestion ? undefined : inner;
  if (seen === congestion) return inner | congestion;
  return seen === capable1 && mark === capable0 ? (inner & ~mask) | capable1 : inner;
}
