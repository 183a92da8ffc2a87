import { expect, test } from "vitest";
import { compileLab } from "../../src/lab/compile-lab.ts";

/** What is wrong with an expectation, and where. */
async function complaints(expression: string): Promise<readonly string[]> {
  const text = `netns a\nscenario "s" {\n  ping a -> 127.0.0.1\n  expect ${expression}\n}\n`;
  const { diagnostics } = await compileLab(text, "a.k8snet");
  return diagnostics.map(({ range, message }) => `${range.line}:${range.column}-${range.endColumn} ${message}`);
}

test("1. Names that no expectation knows are found before anything runs, at their place", async () => {
  expect(await complaints("reply.recieved")).toMatchInlineSnapshot(`
    [
      "4:16-24 There is no field "recieved" here. Did you mean "received"?",
    ]
  `);
  expect(await complaints("reply.received && foo == 1")).toMatchInlineSnapshot(`
    [
      "4:28-31 There is no variable "foo".",
    ]
  `);
  expect(await complaints('neighbour("a", "10.0.0.1").state == "STALE"')).toMatchInlineSnapshot(`
    [
      "4:10-36 Found no matching overload for 'neighbour(string, string)'.",
    ]
  `);
});

test("2. Types that do not fit, and what is neither true nor false", async () => {
  expect(await complaints('reply.ttl == "64"')).toMatchInlineSnapshot(`
    [
      "4:10-27 No such overload: int == string.",
    ]
  `);
  expect(await complaints("reply.ttl")).toMatchInlineSnapshot(`
    [
      "4:10-19 An expectation is true or false; this is of type int.",
    ]
  `);
});

test("3. A syntax error is told once", async () => {
  expect(await complaints("reply.ttl ==")).toHaveLength(1);
});

test("4. What fits is not complained about", async () => {
  expect(await complaints("!reply.received && sysctl('a', 'net.ipv4.ip_forward') == 0")).toEqual([]);
});
