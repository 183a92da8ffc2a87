import { expect, test } from "vitest";
import { resolvConfLines, resolverDefaults } from "../../src/plan/resolv-conf.ts";

test("a resolv.conf says what is not as without a word of it", () => {
  const nameservers = [0x0a60000a];
  expect(resolvConfLines({ ...resolverDefaults, nameservers, search: [] })).toEqual(["nameserver 10.96.0.10"]);
  const odd = { ndots: 2, timeoutNs: 1_000_000_000, attempts: 3, singleRequest: true, useVc: true };
  expect(resolvConfLines({ ...odd, nameservers, search: ["a.example", "b.example"] })).toEqual([
    "search a.example b.example",
    "nameserver 10.96.0.10",
    "options ndots:2 timeout:1 attempts:3 single-request use-vc",
  ]);
});
