import type { Int32Column } from "./column.ts";
import type { Table, TableIndex } from "./table.ts";

/**
 * Finds rows by a number that rises with each row that is made, and lists them in the order of these numbers. Like every index it
 * is derived from the table, and follows it through history.
 *
 * The numbers stand in a sorted array, to whose end a new row adds its own. A row that leaves stays in it until room is needed:
 * whether an entry still stands for a row is asked of the table.
 */
export class NumberedRows implements TableIndex {
  private readonly table: Table;
  private readonly number: Int32Column;
  private numbers = new Int32Array(64);
  private rows = new Int32Array(64);
  private count = 0;
  /** Rows that history brought back, whose numbers do not stand in the array: they are put there when somebody asks. */
  private returned: number[] = [];

  constructor(table: Table, number: Int32Column) {
    this.table = table;
    this.number = number;
  }

  /** The row with this number, or 0. */
  find(number: number): number {
    this.settle();
    const at = this.placeOf(number);
    return at < this.count && this.numbers[at] === number && this.isThere(at) ? this.rows[at] : 0;
  }

  /** The rows with the lowest numbers, lowest first. */
  lowest(limit: number): readonly number[] {
    this.settle();
    const found: number[] = [];
    let at = 0;
    for (; at < this.count && found.length < limit; at++) if (this.isThere(at)) found.push(this.rows[at]);
    // Those that left are not walked over for ever.
    if (at - found.length > found.length) this.compact();
    return found;
  }

  /** The rows, highest number first. */
  *fromHighest(): Generator<number> {
    this.settle();
    for (let at = this.count - 1; at >= 0; at--) if (this.isThere(at)) yield this.rows[at];
  }

  link(row: number): void {
    const number = this.number.get(row);
    if (this.count > 0 && number <= this.numbers[this.count - 1]) {
      this.comeBack(row, number);
      return;
    }
    if (this.count === this.numbers.length) this.makeRoom();
    this.numbers[this.count] = number;
    this.rows[this.count++] = row;
  }

  unlink(): void {
    // Its entry is found to stand for nothing when it is met.
  }

  reserve(): void {
    // Has as much room as there are rows at one time.
  }

  /** History was rewound; in another future a number may get another row. */
  private comeBack(row: number, number: number): void {
    const at = this.placeOf(number);
    if (this.numbers[at] === number) this.rows[at] = row;
    else if (this.returned.push(row) > this.numbers.length) this.settle();
  }

  /** Puts those that came back in their places. */
  private settle(): void {
    if (this.returned.length === 0) return;
    const rows = [...new Set(this.returned)].filter((row) => this.isMissing(row));
    this.returned = [];
    rows.sort((a, b) => this.number.get(a) - this.number.get(b));
    while (this.count + rows.length > this.numbers.length) this.grow();
    let from = this.count - 1;
    this.count += rows.length;
    for (let to = this.count - 1; rows.length > 0; to--) {
      const row = rows[rows.length - 1];
      const number = this.number.get(row);
      const isOld = from >= 0 && this.numbers[from] > number;
      this.numbers[to] = isOld ? this.numbers[from] : number;
      this.rows[to] = isOld ? this.rows[from--] : row;
      if (!isOld) rows.pop();
    }
  }

  private isMissing(row: number): boolean {
    if (!this.table.has(row)) return false;
    const number = this.number.get(row);
    const at = this.placeOf(number);
    return at === this.count || this.numbers[at] !== number;
  }

  private isThere(at: number): boolean {
    return this.table.has(this.rows[at]) && this.number.get(this.rows[at]) === this.numbers[at];
  }

  /** Where the number stands, or would stand. */
  private placeOf(number: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.numbers[middle] < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private makeRoom(): void {
    this.compact();
    if (this.count * 2 > this.numbers.length) this.grow();
  }

  private grow(): void {
    const numbers = new Int32Array(this.numbers.length * 2);
    numbers.set(this.numbers);
    this.numbers = numbers;
    const rows = new Int32Array(numbers.length);
    rows.set(this.rows);
    this.rows = rows;
  }

  private compact(): void {
    let kept = 0;
    for (let at = 0; at < this.count; at++) {
      if (!this.isThere(at)) continue;
      this.numbers[kept] = this.numbers[at];
      this.rows[kept++] = this.rows[at];
    }
    this.count = kept;
  }
}
