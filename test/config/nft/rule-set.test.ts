import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseScript } from "../../../src/config/nft/parse-script.ts";
import { printNftRuleSet } from "../../../src/config/nft/print-rule-set.ts";
import { applyCommands, emptyRuleSet } from "../../../src/config/nft/transaction.ts";

const stored = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

/** Does the scripts one after the other, without problems, and prints what is then there. */
function listed(...scripts: readonly string[]): string {
  const last = scripts.reduce((ruleSet, text) => {
    const { commands, problems } = parseScript(text);
    expect(problems).toEqual([]);
    const applied = applyCommands(ruleSet, commands);
    if (!("ruleSet" in applied)) throw new Error(applied.problems[0].message);
    return applied.ruleSet;
  }, emptyRuleSet);
  return printNftRuleSet(last);
}

/** Everything that is wrong with a script: what cannot be read, else what cannot be done. */
function problemsOf(text: string): readonly string[] {
  const { commands, problems } = parseScript(text);
  const found = problems.length > 0 ? problems : applyCommands(emptyRuleSet, commands).problems;
  return found.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

/** What is wrong with one rule of a chain, in a table with a set and a map. */
function problemOf(rule: string, hook = "filter hook forward priority 0"): string | undefined {
  const head = [
    "add table ip t",
    "add set ip t names { type ipv4_addr ; }",
    "add map ip t verdicts { type ipv4_addr . inet_service : verdict ; }",
    "add chain ip t other",
    `add chain ip t base { type ${hook} ; }`,
  ];
  const problems = problemsOf([...head, `add rule ip t base ${rule}`].join("\n"));
  expect(problems.every((one) => one.startsWith("6:"))).toBe(true);
  return problems[0]?.replace(/^6:/, "");
}

describe("nftables as text", () => {
  test("1. what nft -f took is printed as nft list ruleset printed it", () => {
    expect(listed(stored("broad.nft"))).toBe(stored("broad.list.txt"));
  });

  test("2. what nft list ruleset printed stays as it is", () => {
    expect(listed(stored("broad.list.txt"))).toBe(stored("broad.list.txt"));
  });

  test("3. commands one by one, as kube-proxy writes them, say the same as a block", () => {
    const commands = `add table ip p { comment "rules" ; }
      add chain ip p services
      add map ip p service-ips { type ipv4_addr . inet_proto . inet_service : verdict ; comment "all" ; }
      add rule ip p services ip daddr . meta l4proto . th dport vmap @service-ips
      add chain ip p web
      add element ip p service-ips { 10.96.0.10 . tcp . 80 comment "web" : goto web }
      add rule ip p web mark set mark or 0x4000`;
    expect(listed(commands)).toBe(`table ip p {
	comment "rules"
	map service-ips {
		type ipv4_addr . inet_proto . inet_service : verdict
		comment "all"
		elements = { 10.96.0.10 . tcp . 80 comment "web" : goto web }
	}

	chain services {
		ip daddr . meta l4proto . th dport vmap @service-ips
	}

	chain web {
		meta mark set meta mark | 0x00004000
	}
}
`);
    expect(listed(listed(commands))).toBe(listed(commands));
  });

  test("4. add keeps what is there, flush empties, delete removes, insert and index find the place", () => {
    const first = "add table t\nadd chain t c\nadd rule t c accept\nadd set t s { type mark ; elements = { 1, 2 } ; }";
    const rules = (text: string) => text.match(/^\t\t.*$/gm)?.map((line) => line.trim());
    expect(rules(listed(first, "add chain t c\ninsert rule t c drop\nadd rule t c index 0 counter"))).toEqual([
      ...["type mark", "elements = { 0x00000001, 0x00000002 }", "drop", "counter packets 0 bytes 0", "accept"],
    ]);
    expect(rules(listed(first, "flush chain t c\ndelete element t s { 2 }"))).toEqual([
      ...["type mark", "elements = { 0x00000001 }"],
    ]);
    expect(listed(first, "delete set t s\nflush set t s2\n".replace("flush set t s2\n", ""), "delete chain t c")).toBe(
      "table ip t {\n}\n",
    );
    expect(listed(first, "flush ruleset")).toBe("");
    expect(listed(first, "destroy table t\ndestroy table t")).toBe("");
  });

  test.each([
    ["ip6 daddr ::1 drop", /^20 "ip6" is not supported/],
    ["meta cpu 1 drop", /^20 "meta cpu" is not supported: there are meta mark/],
    ["iif lo accept", /^20 "iif" is not supported: write iifname/],
    ["tcp flags syn drop", /^20 "tcp flags" is not supported: there are tcp sport, tcp dport/],
    ["queue num 1", /^20 "queue" is not supported/],
    ["ip saddr 10.0.0.300 drop", /^29 "10.0.0.300" is not an IPv4 address/],
    ["tcp dport http accept", /^30 "http" is not a port\. Ports are numbers/],
    ["tcp dport 70000 accept", /^30 "70000" is not a port/],
    ["ct state fresh accept", /^29 "fresh" is not of type ct_state\. There are invalid, established/],
    ["ip saddr", /^28 What to compare with is missing/],
    ["accept drop", /^27 The statement before this one decides/],
    ["reject with tcp rst", /^36 After "tcp" comes reset/],
    ["reject with icmp nobody", /^37 "nobody" is not what reject can say/],
    ["limit rate 5/fortnight", /^31 "5\/fortnight" is not a rate/],
    ["numgen random mod 0 vmap { 0 : accept }", /^38 The modulus is at least 1/],
    ["ip saddr { 10.0.0.1, 10.0.0.2", /^49 "}" is missing: the elements are cut off/],
    ["ip daddr . tcp dport 10.0.0.1 . 80 accept", /^41 A concatenation is compared with a set/],
    ["ip saddr vmap { 10.0.0.0/8 : accept, 10.0.0.1 : drop }", /^73 Two keys of this map have packets in common/],
    ["jump nowhere", /There is no chain nowhere in the table ip t/],
    ["jump base", /A rule cannot lead to base, which has a hook/],
    ["ip saddr @nobody drop", /There is no set or map nobody/],
    ["tcp dport @names drop", /@names has keys of type ipv4_addr, and here they are of type inet_service/],
    ["ip saddr vmap @names", /@names has no verdicts/],
    ["update @names { ip saddr timeout 5s }", /The elements of names have no timeout/],
    ["dnat to 10.0.0.1", /dnat belongs in chains of type nat at prerouting and output/],
    ["dnat to 10.0.0.1:80", /^36 A port can be given only after a match of the protocol/],
    ["meta mark set meta mark or ct mark", /^44 Two marks cannot be combined/],
    ["ct original proto-dst 80 accept", /^20 "ct original proto-dst" needs a match of the protocol/],
    ["meta nfproto ipv4 accept", /^20 meta nfproto says something only in tables of the family inet/],
  ])("5. refused at its place: %s", (rule, message) => {
    expect(problemOf(rule)).toMatch(message);
  });

  test("6. a rule set that is cut, that names what is not there, or has the same twice", () => {
    expect(problemsOf("table ip t {\n\tchain c {\n\t\taccept\n")).toEqual([
      '3:9 "}" is missing: the block of c is cut off.',
    ]);
    expect(problemsOf("add rule ip t c accept")).toEqual(["1:15 There is no table ip t: add it first."]);
    expect(problemsOf("add table t\nadd rule t c accept")).toEqual(["2:12 There is no chain c in the table ip t."]);
    expect(problemsOf("add table t\ncreate table t")).toEqual(["2:14 The table ip t is there already."]);
    expect(
      problemsOf(
        "table t { map m { type mark : verdict; elements = { 1 : drop }; }; }\nadd element t m { 1 : accept }",
      ),
    ).toEqual(["2:19 m has this key already, with other data."]);
    expect(problemsOf("table t { set s { type ipv4_addr; elements = { 10.0.0.0/8 }; }; }")).toEqual([
      "1:48 Only a set with flags interval has ranges and prefixes.",
    ]);
    expect(problemsOf("table ip6 t { }\ntable ip u {\n flowtable f { }\n}")).toEqual([
      "1:7 Tables of the family ip6 are not supported: there are ip and inet.",
      '3:2 "flowtable" is not supported in a table: there are chain, set, map and comment.',
    ]);
    expect(problemsOf('include "/etc/x"\ndefine a = 1')).toEqual([
      expect.stringMatching(/^1:1 "include" is not a command/),
      expect.stringMatching(/^2:1 "define" is not a command/),
    ]);
  });

  test("7. chains in a circle, and what a hook's chain cannot do, are told where rules lead there", () => {
    const circle = `table t { chain a { type filter hook input priority 0; jump b; }\n chain b { jump c; }\n chain c { jump b; }\n}`;
    expect(problemsOf(circle)).toEqual(["3:12 The chains call each other in a circle: b is reached from itself."]);
    const masquerade = `table t { chain a { type nat hook prerouting priority 0; jump b; }\n chain b { masquerade; }\n}`;
    expect(problemsOf(masquerade)).toEqual([
      "2:12 masquerade belongs in chains of type nat at postrouting; one of type nat at prerouting leads here.",
    ]);
    expect(problemsOf("table t { chain a { type filter hook output priority dstnat; } ; }")).toEqual([
      "1:54 The priority dstnat is that of the hook prerouting: write -100 here.",
    ]);
  });
});
