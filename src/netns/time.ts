export function delay(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** Now, in nanoseconds since the epoch, by the clock that captures use. */
export function epochNs(): number {
  return (performance.timeOrigin + performance.now()) * 1e6;
}
