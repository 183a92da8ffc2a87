import { expect, test } from "vitest";
import { parseSysctl } from "../../src/config/sysctl-text.ts";

test.each([
  ["net.ipv4.ip_forward=1", { key: "net.ipv4.ip_forward", value: 1 }],
  ["net.ipv4.ip_forward 1", { key: "net.ipv4.ip_forward", value: 1 }],
  ["net.ipv4.ip_forward = 1", { key: "net.ipv4.ip_forward", value: 1 }],
  ["net/ipv4/conf/eth0/rp_filter=2", { key: "net.ipv4.conf.eth0.rp_filter", value: 2 }],
  ["net.bridge.bridge-nf-call-iptables=0", { key: "net.bridge.bridge-nf-call-iptables", value: 0 }],
])("%s", (text, assignment) => {
  expect(parseSysctl(text.split(" "))).toEqual(assignment);
});

test.each([
  ["forwarding", 0],
  ["net.ipv4.ip_forward", 1],
  ["net.ipv4.ip_forward on", 1],
  ["net.ipv4.ip_forward=1 2", 1],
])("%s is refused at word %i", (text, word) => {
  expect(parseSysctl(text.split(" "))).toMatchObject({ word });
});
