import { expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import { shellForm } from "../../src/plan/shell/commands.ts";
import { NamespaceNames } from "../../src/plan/shell/namespace-names.ts";

const compiled = (text: string) => compileSync(text, "lab", new Map());

const problems = (text: string) =>
  compiled(text)
    .diagnostics.filter(({ severity }) => severity === "error")
    .map(({ range, message }) => `${range.line}:${range.column}-${range.endColumn} ${message}`);

const scenario = (line: string) => `netns a\nscenario "s" {\n  ${line}\n}`;

test("1. a block of rules becomes a command of the set-up", () => {
  const { plan } = compiled('netns a {\n  iptables-restore --noflush """\n*nat\n-A OUTPUT -j RETURN\nCOMMIT\n"""\n}');
  const [command] = [...(plan?.setUp() ?? [])].filter((one) => one.do === "iptables-restore");
  expect(shellForm(command, new NamespaceNames("x-")).commands).toEqual([
    {
      argv: ["ip", "netns", "exec", "x-a", "iptables-restore", "--noflush", "--counters"],
      input: "*nat\n[0:0] -A OUTPUT -j RETURN\nCOMMIT\n",
    },
  ]);
});

test("2. a problem in a block stands at its line and word of the file", () => {
  expect(
    problems('netns a {\n  iptables-restore """\n    *filter\n    -A INPUT -m owner -j DROP\n    COMMIT\n  """\n}'),
  ).toEqual(['4:17-22 The match "owner" is not supported.']);
  expect(problems('netns a {\n  iptables-restore """*foo\nCOMMIT"""\n}')[0]).toBe(
    '2:23-27 "foo" is not a table: raw, mangle, nat, filter.',
  );
});

test("3. a block that is not closed, and one that is missing", () => {
  expect(problems('netns a {\n  iptables-restore """\n*filter\nCOMMIT\n')).toContain(
    '2:20-23 This text has no end: a """ is missing.',
  );
  expect(problems("netns a {\n  iptables-restore\n}")).toEqual([
    '2:3-19 The rules are missing: write them between """ and """, as iptables-save prints them.',
  ]);
});

test("4. iptables in a scenario", () => {
  expect(problems(scenario("iptables -n a -t nat -A POSTROUTING -s 10.0.0.0/8 ! -o eth0 -j MASQUERADE"))).toEqual([]);
  expect([
    ...problems(scenario("iptables -n a -A INPUT -j MASQUERADE")),
    ...problems(scenario("iptables -n a -A INPUT -p tcp --dport 99999")),
    ...problems(scenario("iptables -n a -t nat -P FOO DROP")),
    ...problems(scenario("iptables -n a -L")),
  ]).toEqual([
    "3:20-25 MASQUERADE belongs in the table nat under POSTROUTING; here INPUT of filter leads to it.",
    '3:41-46 "99999" is not a port from 0 to 65535, a service\'s name, or a range such as 1024:2000.',
    "3:27-30 Only built-in chains have a policy; in nat these are PREROUTING, INPUT, OUTPUT, POSTROUTING.",
    "3:17-19 Write what to do: -A, -I, -D, -R, -F, -N, -X, -P or -Z.",
  ]);
});

test("5. many quotes are read in linear time", () => {
  const begin = performance.now();
  compiled(`netns a {\n x ${'""" " '.repeat(20_000)}\n}`);
  expect(performance.now() - begin).toBeLessThan(5_000);
});
