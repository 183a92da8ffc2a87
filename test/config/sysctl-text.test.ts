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

test("a sysctl that the kernel does not have is refused, with the one that was probably meant", () => {
  const refusal = (key: string) => {
    const read = parseSysctl([`${key}=1`]);
    return "message" in read ? read.message : "taken";
  };
  expect(refusal("net.ipv4.ip_forwad")).toBe(
    "There is no sysctl net.ipv4.ip_forwad. Did you mean net.ipv4.ip_forward?",
  );
  expect(refusal("net.ipv4.conf.eth0.rp_filtr")).toBe(
    "There is no sysctl net.ipv4.conf.eth0.rp_filtr. Did you mean net.ipv4.conf.eth0.rp_filter?",
  );
  expect(refusal("net.foo.bar")).toBe("There is no sysctl net.foo.bar of the network.");
  expect(
    ["net.ipv4.conf.all.rp_filter", "net.ipv4.tcp_syn_retries", "net.bridge.bridge-nf-call-iptables"].map(refusal),
  ).toEqual(["taken", "taken", "taken"]);
});
