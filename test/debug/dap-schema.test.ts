import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { messageCheck } from "./dap-schema.ts";

const check = messageCheck();

test("the check accepts what the protocol describes", () => {
  const body = { reason: "step", threadId: 1, allThreadsStopped: true };
  expect(check({ seq: 1, type: "event", event: "stopped", body } as DebugProtocol.Event)).toBeUndefined();
  expect(check({ seq: 1, type: "event", event: "k8snet/state", body: {} } as DebugProtocol.Event)).toBeUndefined();
});

test("and complains about a missing property, a wrong type, an unknown property, an unknown message", () => {
  const event = (name: string, body: object) =>
    check({ seq: 1, type: "event", event: name, body } as DebugProtocol.Event);
  expect(event("stopped", {})).toContain("must have required property 'reason'");
  expect(event("stopped", { reason: "step", threadId: "1" })).toContain("body/threadId must be");
  expect(event("stopped", { reason: "step", thread: 1 })).toContain("must NOT have additional properties");
  expect(event("stoped", { reason: "step" })).toContain("StopedEvent is no message of the protocol");
});

test("answers and requests are held to their own descriptions", () => {
  const answer = { seq: 2, type: "response", request_seq: 1, success: true, command: "threads", body: {} };
  expect(check(answer as DebugProtocol.ProtocolMessage)).toContain("must have required property 'threads'");
  const request = { seq: 1, type: "request", command: "next", arguments: {} };
  expect(check(request as DebugProtocol.ProtocolMessage)).toContain("must have required property 'threadId'");
});
