import { expect, test } from "vitest";
import { comparableOutput } from "../../src/netns/printed.ts";

test("ping's times differ from run to run, all else does not", () => {
  const run = (time: string) => `PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.
64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=${time} ms

--- 10.0.0.2 ping statistics ---
1 packets transmitted, 1 received, 0% packet loss, time 0ms
rtt min/avg/max/mdev = ${time}/${time}/${time}/0.000 ms
`;
  expect(comparableOutput(run("0.137"))).toEqual(comparableOutput(run("12")));
  expect(comparableOutput(run("1"))).not.toEqual(comparableOutput(run("1").replace("ttl=64", "ttl=63")));
});

test("a port that the kernel chose differs, a well-known one is kept", () => {
  expect(comparableOutput("you are 10.0.0.2:41234")).toEqual(["you are 10.0.0.2:*"]);
  expect(comparableOutput("you are 10.0.0.2:8080")).toEqual(["you are 10.0.0.2:8080"]);
});
