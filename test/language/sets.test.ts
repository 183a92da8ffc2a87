import { expect, it } from "vitest";
import { compileSync } from "../../src/language/compile.ts";

function problems(text: string): readonly string[] {
  const { diagnostics } = compileSync(text, "lab.k8snet");
  return diagnostics.map(({ range, message }) => `${range.line}:${range.column} ${message}`);
}

it("1. a rule that asks for a set which nobody makes is an error at its line", () => {
  const rules = (set: string) => `netns router {
  ipset create blocked hash:net
  iptables-restore """
    *filter
    -A FORWARD -m set --match-set ${set} src -j DROP
    COMMIT
  """
}
scenario "s" { wait 1s }`;
  expect(problems(rules("blocked"))).toEqual([]);
  expect(problems(rules("bloked"))).toEqual(["5:1 There is no set bloked. Did you mean blocked?"]);
});

it("2. what ipset would refuse is an error at its word, in a saved text, too", () => {
  const text = `netns router {
  ipset create blocked hash:mac
  ipset restore """
    create open hash:ip
    add open 10.0.0.300
  """
  ipset restore
}
scenario "s" { ipset -n router add open }`;
  expect(problems(text)).toEqual([
    expect.stringMatching(/^2:24 Sets of type "hash:mac" are not supported/),
    '5:14 "10.0.0.300" is neither an address, a block, nor a port.',
    '7:3 The sets are missing: write them between """ and """, as ipset save prints them.',
    "9:36 The entry is missing: add open 10.244.0.9.",
  ]);
});
