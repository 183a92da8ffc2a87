import { expect, test } from "vitest";
import { printTuple } from "../../src/lab/inspect/print-connection.ts";
import { parseConnectionEvent } from "../../src/netns/connection-events.ts";

test("an event says how a connection began, and what answers to it look like", () => {
  const line =
    "[1795711148.370408]\t    [NEW] tcp      6 120 SYN_SENT src=10.244.1.2 dst=10.96.0.10 sport=50979 dport=80 " +
    "[UNREPLIED] src=10.244.1.4 dst=10.244.1.1 sport=8080 dport=20977";
  const event = parseConnectionEvent(line);
  expect(event && printTuple(event.original)).toBe("src=10.244.1.2 dst=10.96.0.10 sport=50979 dport=80");
  expect(event && printTuple(event.answers)).toBe("src=10.244.1.4 dst=10.244.1.1 sport=8080 dport=20977");
  expect(event?.epochNs).toBeCloseTo(1_795_711_148_370_408_000, -3);
});

test("pings have identifiers, and protocols without ports have neither", () => {
  const ping = "src=10.9.0.1 dst=10.9.0.9 type=8 code=0 id=7 [UNREPLIED] src=10.9.0.9 dst=10.9.0.1 type=0 code=0 id=0";
  const event = parseConnectionEvent(`[1.5]\t    [NEW] icmp     1 30 ${ping}`);
  expect(event && printTuple(event.original)).toBe("src=10.9.0.1 dst=10.9.0.9 type=8 code=0 id=7");
  expect(event && printTuple(event.answers)).toBe("src=10.9.0.9 dst=10.9.0.1 type=0 code=0 id=0");
  const other = parseConnectionEvent(
    "[1.5]\t [NEW] unknown 47 600 src=10.9.0.1 dst=10.9.0.9 src=10.9.0.9 dst=10.9.0.1",
  );
  expect(other && printTuple(other.answers)).toBe("src=10.9.0.9 dst=10.9.0.1");
});

test("what conntrack says besides is no event", () => {
  expect(parseConnectionEvent("conntrack v1.4.7 (conntrack-tools): 1 flow events have been shown.")).toBeUndefined();
  expect(parseConnectionEvent("")).toBeUndefined();
});
