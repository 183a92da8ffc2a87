import type { Simulation } from "./simulation.ts";

/**
 * A number that stands for the whole state of a world: every row of every table, what is under way, what waits in lanes.
 * Where in files things were declared is no state: a comment more, or another folder, leads to the same number. Two worlds with the same digest are, for all that matters, in the same state. For tests and checks, not for speed.
 */
export function digest(sim: Simulation): string {
  const hash = new Hash();
  for (const table of sim.tables) {
    hash.text(table.name);
    for (const row of table.rows()) {
      hash.number(row);
      for (const column of table.columns) hash.value(column.get(row));
    }
  }
  for (const item of sim.underWay.entries()) hash.number(item);
  for (const lane of sim.lanes) {
    hash.text(lane.name);
    for (const { item, dueNs } of lane.entries()) {
      hash.number(item);
      hash.number(dueNs);
    }
  }
  return hash.toString();
}

function isSourceRange(value: object): boolean {
  return "endColumn" in value && "endLine" in value && "uri" in value;
}

/** FNV-1a over a canonical walk of values, twice with different offsets, which gives 64 bits. */
class Hash {
  private low = 0x811c_9dc5;
  private high = 0x1234_5678;
  private readonly view = new DataView(new ArrayBuffer(8));

  number(value: number): void {
    this.view.setFloat64(0, value);
    for (let i = 0; i < 8; i++) this.byte(this.view.getUint8(i));
  }

  text(value: string): void {
    this.number(value.length);
    for (let i = 0; i < value.length; i++) this.byte(value.charCodeAt(i) & 0xff);
  }

  value(value: unknown): void {
    if (typeof value === "number") this.number(value);
    else if (typeof value === "string") this.text(value);
    else if (typeof value === "boolean") this.byte(value ? 1 : 2);
    else if (value === null || value === undefined || typeof value === "function") this.byte(3);
    else if (value instanceof Uint8Array) for (const byte of value) this.byte(byte);
    else if (Array.isArray(value)) this.list(value);
    else if (value instanceof Map) this.list([...value]);
    else this.object(value as Readonly<Record<string, unknown>>);
  }

  toString(): string {
    return [this.high, this.low].map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
  }

  private list(values: readonly unknown[]): void {
    this.number(values.length);
    for (const value of values) this.value(value);
  }

  /** An absent property and an undefined one are the same. */
  private object(value: Readonly<Record<string, unknown>>): void {
    if (isSourceRange(value)) return this.byte(4);
    for (const key of Object.keys(value).sort()) {
      if (value[key] === undefined) continue;
      this.text(key);
      this.value(value[key]);
    }
  }

  private byte(value: number): void {
    this.low = Math.imul(this.low ^ value, 0x0100_0193);
    this.high = Math.imul(this.high ^ value, 0x0100_0193) ^ (this.low >>> 13);
  }
}
