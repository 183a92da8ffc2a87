import { expect, test } from "vitest";
import { normalConnection, withoutChosenPorts } from "../../src/netns/connections.ts";

const tuples = "src=10.244.0.3 dst=203.0.113.80 sport=43001 dport=53";

test("a row of conntrack -L is compared without its seconds, its references and the protocol's number", () => {
  const answer = "src=203.0.113.80 dst=192.168.50.11 sport=53 dport=20977";
  expect(normalConnection(`udp      17 27 ${tuples} ${answer} mark=0 use=1`)).toEqual([
    `udp ${tuples} ${answer} mark=0`,
  ]);
  expect(normalConnection(`tcp      6 431999 ESTABLISHED ${tuples} ${answer} [ASSURED] mark=0 use=2`)).toEqual([
    `tcp ESTABLISHED ${tuples} ${answer} [ASSURED] mark=0`,
  ]);
});

test("what conntrack says besides is no row", () => {
  expect(normalConnection("conntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.")).toEqual([]);
  expect(normalConnection("")).toEqual([]);
});

test("a port that the file does not name is the kernel's choice", () => {
  const tables = new Map([
    ["node1 conntrack", [`udp ${tuples} src=203.0.113.80 dst=192.168.50.11 sport=53 dport=20977 mark=0`]],
    ["node1 route", ["default via 192.168.50.1 dev eth0"]],
  ]);
  const shown = withoutChosenPorts(tables, (port) => port === 53 || port === 43001);
  expect(shown.get("node1 conntrack")).toEqual([
    `udp ${tuples} src=203.0.113.80 dst=192.168.50.11 sport=53 dport=* mark=0`,
  ]);
  expect(shown.get("node1 route")).toEqual(["default via 192.168.50.1 dev eth0"]);
});
