import { expect, test } from "vitest";
import { nftRows, withoutCounts } from "../../src/netns/nft-tables.ts";

const listing = `table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy accept;
		counter packets 3 bytes 180 drop
	}
}
table ip t {
	set seen {
		type ipv4_addr
		elements = { 10.0.0.1 expires 59s992ms, 10.0.0.2 timeout 5s expires 4s }
	}

	chain in {
		counter packets 1 bytes 84 accept
	}
}
`;

test("1. rules of nftables are compared line by line, without what passes with time, and without tables of iptables-nft", () => {
  expect(nftRows(listing, new Set(["ip t"]))).toEqual([
    "ip t, itself: table ip t {",
    "ip t, set seen: set seen {",
    "ip t, set seen: type ipv4_addr",
    "ip t, set seen: elements = { 10.0.0.1, 10.0.0.2 timeout 5s }",
    "ip t, chain in: chain in {",
    "ip t, chain in: counter packets 1 bytes 84 accept",
  ]);
  expect(nftRows(listing, new Set(["ip filter"]))).toContain(
    "ip filter, chain INPUT: counter packets 3 bytes 180 drop",
  );
});

test("2. what was counted is left out where frames were that only one kernel sent, since a program was late", () => {
  const tables = new Map([
    ["node1 nft", ["ip t, chain in: counter packets 1 bytes 84 accept"]],
    ["node1 route", ["counter packets 1 bytes 2"]],
  ]);
  expect([...withoutCounts(tables)]).toEqual([
    ["node1 nft", ["ip t, chain in: counter accept"]],
    ["node1 route", ["counter packets 1 bytes 2"]],
  ]);
});
