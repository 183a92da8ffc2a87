import fc from "fast-check";
import { expect, test } from "vitest";
import { ChangeLog } from "../../src/sim/change-log.ts";
import { PairIndex } from "../../src/sim/pair-index.ts";
import { Table } from "../../src/sim/table.ts";

/** A table of fruit with an index by (shelf, price), as the tables of the simulated kernel are made. */
function shop() {
  const log = new ChangeLog();
  const table = new Table(log, "fruit");
  const shelf = table.int32("shelf");
  const price = table.float64("price");
  const weight = table.float64("weight");
  const name = table.reference("name", "");
  const index = table.addIndex(new PairIndex(shelf, price));
  log.recording = true;
  const add = (onShelf: number, at: number, called: string) => {
    const row = table.allocate();
    shelf.set(row, onShelf);
    price.set(row, at);
    name.set(row, called);
    weight.set(row, 0);
    table.link(row);
    return row;
  };
  const print = () => [...table.rows()].map((row) => `${row}: ${name.get(row)} ${shelf.get(row)} ${price.get(row)}`);
  return { log, table, shelf, price, weight, name, index, add, print };
}

test("1. Rows count from 1; freed rows are taken again, the last freed first", () => {
  const { table, add, print } = shop();
  add(1, 10, "apple");
  add(1, 20, "pear");
  add(2, 30, "fig");
  table.remove(1);
  table.remove(3);
  expect(add(5, 50, "plum")).toBe(3);
  expect(add(5, 60, "quince")).toBe(1);
  expect(print()).toEqual(["1: quince 5 60", "2: pear 1 20", "3: plum 5 50"]);
  expect(table.size).toBe(3);
});

test("2. The index finds rows by both columns, and only rows that are there", () => {
  const { table, index, add } = shop();
  const apple = add(1, 10, "apple");
  const other = add(1, 10, "another apple");
  expect(index.find(1, 10)).toBeGreaterThan(0);
  expect(new Set([index.find(1, 10), index.findNext(index.find(1, 10))])).toEqual(new Set([apple, other]));
  expect(index.find(1, 11)).toBe(0);
  table.remove(apple);
  expect(index.find(1, 10)).toBe(other);
  expect(index.findNext(other)).toBe(0);
});

test("3. Addresses beyond 32 bits are told apart by the index", () => {
  const { index, add } = shop();
  const one = add(1, 0x0200_0a_f4_00_02, "one");
  const two = add(1, 0x0300_0a_f4_00_02, "two");
  expect([index.find(1, 0x0200_0a_f4_00_02), index.find(1, 0x0300_0a_f4_00_02)]).toEqual([one, two]);
});

test("4. A change is undone and redone by the same swap", () => {
  const { log, add, weight, name, table, print } = shop();
  const apple = add(1, 10, "apple");
  const before = log.end;
  weight.set(apple, 11);
  name.set(apple, "golden apple");
  add(2, 7, "kiwi");
  table.remove(apple);
  const after = print();
  log.undo(before, log.end);
  expect(print()).toEqual(["1: apple 1 10"]);
  log.redo(before, log.end);
  expect(print()).toEqual(after);
});

test("5. Setting a field to what it is changes nothing", () => {
  const { log, add, weight } = shop();
  const apple = add(1, 10, "apple");
  const before = log.end;
  weight.set(apple, 0);
  expect(log.end).toBe(before);
});

test("6. Set-up is not history", () => {
  const { log, add } = shop();
  log.recording = false;
  add(1, 1, "apple");
  expect(log.end).toBe(0);
});

type Step = { readonly do: "add" | "remove" | "price" | "name"; readonly pick: number; readonly value: number };

const steps = fc.array(
  fc.record({ do: fc.constantFrom("add", "remove", "price", "name"), pick: fc.nat(40), value: fc.nat(9) }),
  { maxLength: 120 },
) as fc.Arbitrary<Step[]>;

test("7. Law: whatever happens, going back restores the table and its index, and going forward again makes the same", () => {
  fc.assert(
    fc.property(steps, fc.nat(), (all, cut) => {
      const shelves = shop();
      const states = [describe(shelves)];
      const marks = [shelves.log.end];
      for (const step of all) {
        perform(shelves, step);
        states.push(describe(shelves));
        marks.push(shelves.log.end);
      }
      const target = cut % marks.length;
      shelves.log.undo(marks[target], shelves.log.end);
      expect(describe(shelves)).toEqual(states[target]);
      shelves.log.redo(marks[target], shelves.log.end);
      expect(describe(shelves)).toEqual(states[states.length - 1]);
    }),
  );
});

test("8. Law: a future that is forgotten and lived again is the same future", () => {
  fc.assert(
    fc.property(steps, fc.nat(), (all, cut) => {
      const shelves = shop();
      const marks = [shelves.log.end];
      for (const step of all) {
        perform(shelves, step);
        marks.push(shelves.log.end);
      }
      const end = describe(shelves);
      const target = cut % marks.length;
      shelves.log.undo(marks[target], shelves.log.end);
      shelves.log.truncate(marks[target]);
      for (const step of all.slice(target)) perform(shelves, step);
      expect(describe(shelves)).toEqual(end);
      expect(shelves.log.end).toBe(marks[marks.length - 1]);
    }),
  );
});

test("9. Long histories cross chunks; the oldest part can be dropped", () => {
  const { log, add, weight } = shop();
  const apple = add(1, 0, "apple");
  for (let i = 1; i <= 100_000; i++) weight.set(apple, i);
  log.dropBefore(log.end - 50_000);
  expect(log.start).toBeGreaterThan(0);
  const back = log.end - 50_000;
  log.undo(back, log.end);
  expect(weight.get(apple)).toBe(50_000);
  log.redo(back, log.end);
  expect(weight.get(apple)).toBe(100_000);
});

test("10. The columns of an index must not change while a row is in it", () => {
  const { table, price, add } = shop();
  add(1, 10, "apple");
  add(1, 26, "pear");
  price.set(1, 12345);
  expect(() => table.remove(1)).toThrow("indexed columns changed");
});

function perform(shelves: ReturnType<typeof shop>, step: Step): void {
  const { table, price, name, add } = shelves;
  const rows = [...table.rows()];
  if (step.do === "add" || rows.length === 0) {
    add(step.value, step.value * 2, `fruit ${step.value}`);
    return;
  }
  const row = rows[step.pick % rows.length];
  if (step.do === "remove") table.remove(row);
  else if (step.do === "name") name.set(row, `renamed ${step.value}`);
  else {
    // Keys must not change while a row is in the index.
    const { shelf } = shelves;
    const onShelf = shelf.get(row);
    table.remove(row);
    const again = table.allocate();
    shelf.set(again, onShelf);
    price.set(again, step.value);
    name.set(again, "repriced");
    table.link(again);
  }
}

function describe({ table, index, shelf, price, print }: ReturnType<typeof shop>): readonly string[] {
  for (const row of table.rows()) {
    let found = index.find(shelf.get(row), price.get(row));
    while (found !== row && found !== 0) found = index.findNext(found);
    expect(found).toBe(row);
  }
  return print();
}

test("11. The log finds the first change of one value in a stretch, and what was there before, across chunks", () => {
  const { log, price, name, add } = shop();
  const [apple, pear] = [add(1, 10, "apple"), add(1, 20, "pear")];
  const start = log.end;
  for (let i = 0; i < 40_000; i++) price.set(pear, 100 + i);
  price.set(apple, 11);
  name.set(apple, "quince");
  price.set(apple, 12);
  const found = log.find(price, apple, start, log.end);
  expect([found - start, log.other(found)]).toEqual([40_000, 10]);
  expect(log.other(log.find(name, apple, start, log.end))).toBe("apple");
  expect(log.other(log.find(price, apple, found + 1, log.end))).toBe(11);
  expect(log.find(name, pear, start, log.end)).toBe(-1);
  expect(log.find(price, apple, start, found)).toBe(-1);
});
