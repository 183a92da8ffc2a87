import fc from "fast-check";
import { expect, test } from "vitest";
import { ChangeLog } from "../../src/sim/change-log.ts";
import { NumberedRows } from "../../src/sim/numbered-rows.ts";
import { Table } from "../../src/sim/table.ts";

/** A queue at a counter: everybody who comes draws the next number. */
function counter() {
  const log = new ChangeLog();
  const table = new Table(log, "customer");
  const number = table.int32("number");
  const rows = table.addIndex(new NumberedRows(table, number));
  const drawn = new Table(log, "numbers").int32("drawn");
  log.recording = true;
  const come = () => {
    const row = table.allocate();
    drawn.set(1, drawn.get(1) + 1);
    number.set(row, drawn.get(1));
    table.link(row);
    return row;
  };
  const numbersOf = (found: Iterable<number>) => Array.from(found, (row) => number.get(row));
  return { log, table, number, rows, come, drawn, numbersOf };
}

test("1. A row is found by its number as long as it is there", () => {
  const { table, rows, come } = counter();
  const [first, second] = [come(), come()];
  expect([rows.find(1), rows.find(2), rows.find(3)]).toEqual([first, second, 0]);
  table.remove(first);
  expect([rows.find(1), rows.find(2)]).toEqual([0, second]);
  const third = come();
  expect(third).toBe(first);
  expect([rows.find(1), rows.find(3)]).toEqual([0, third]);
});

test("2. The lowest numbers are listed in their order, whatever rows they have", () => {
  const { table, rows, come, numbersOf } = counter();
  for (let nth = 0; nth < 4; nth++) come();
  table.remove(1);
  table.remove(3);
  come();
  come();
  expect(numbersOf(table.rows())).toEqual([6, 2, 5, 4]);
  expect(numbersOf(rows.lowest(3))).toEqual([2, 4, 5]);
  expect(numbersOf(rows.lowest(10))).toEqual([2, 4, 5, 6]);
  expect(rows.lowest(0)).toEqual([]);
  expect(rows.lowest(-1)).toEqual([]);
  expect(numbersOf(rows.fromHighest())).toEqual([6, 5, 4, 2]);
});

test("3. One who left long ago is found again when history is rewound to when he was there", () => {
  const { log, table, rows, come, numbersOf } = counter();
  const first = come();
  table.remove(first);
  const after = log.end;
  for (let nth = 0; nth < 1000; nth++) table.remove(come());
  log.undo(after - 1, log.end);
  expect([rows.find(1), numbersOf(rows.lowest(5))]).toEqual([first, [1]]);
});

test("4. In another future a number may have another row", () => {
  const { log, table, rows, come } = counter();
  come();
  const fork = log.end;
  expect(come()).toBe(2);
  log.undo(fork, log.end);
  log.truncate(fork);
  table.remove(1);
  expect(come()).toBe(1);
  expect(rows.find(2)).toBe(1);
});

test("5. Law: in whatever way rows came, left and history went, it says the same as the table", () => {
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.constant("come" as const) },
    { weight: 3, arbitrary: fc.nat().map((leaves) => ({ leaves })) },
    { weight: 2, arbitrary: fc.nat().map((back) => ({ back })) },
    { weight: 1, arbitrary: fc.constant("again" as const) },
    { weight: 1, arbitrary: fc.nat(8).map((listed) => ({ listed })) },
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
      const { log, table, number, rows, come, drawn, numbersOf } = counter();
      const stops = [0];
      let at = 0;
      const forget = () => {
        stops.length = at + 1;
        log.truncate(stops[at]);
      };
      const change = (make: () => void) => {
        forget();
        make();
        stops.push(log.end);
        at++;
      };
      for (const one of actions) {
        if (one === "come") change(come);
        else if (one === "again") {
          log.redo(stops[at], stops[stops.length - 1]);
          at = stops.length - 1;
        } else if ("leaves" in one) {
          const there = [...table.rows()];
          if (there.length > 0) change(() => table.remove(there[one.leaves % there.length]));
        } else if ("back" in one) {
          const to = one.back % (at + 1);
          log.undo(stops[to], stops[at]);
          at = to;
        } else numbersOf(rows.lowest(one.listed));
      }
      const expected = numbersOf(table.rows()).sort((a, b) => a - b);
      expect(numbersOf(rows.fromHighest()).reverse()).toEqual(expected);
      for (let one = 1; one <= drawn.get(1) + 2; one++)
        expect(rows.find(one)).toBe([...table.rows()].find((row) => number.get(row) === one) ?? 0);
      for (const limit of [1, 3, 1000]) expect(numbersOf(rows.lowest(limit))).toEqual(expected.slice(0, limit));
    }),
    { numRuns: 300 },
  );
});
