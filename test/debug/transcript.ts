import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Recorded } from "./recorded-client.ts";

/**
 * A session as text, one line per message: `>` what the client asked, `<` the answer, `!` a refusal, `*` an event.
 * What differs from run to run is left out: numbers of messages, and views' refreshes while packets move.
 */
export function transcript(recorded: readonly Recorded[], replacements: Readonly<Record<string, string>> = {}): string {
  const lines = recorded.flatMap(({ message }) => (isRefresh(message) ? [] : [printMessage(message)]));
  let text = lines.join("\n");
  for (const [long, short] of Object.entries(replacements)) text = text.replaceAll(long, short);
  return text;
}

function printMessage(message: DebugProtocol.ProtocolMessage): string {
  if (message.type === "request") {
    const request = message as DebugProtocol.Request;
    return `> ${request.command}${printMembers(request.arguments)}`;
  }
  if (message.type === "event") {
    const event = message as DebugProtocol.Event;
    return `* ${event.event}${printMembers(event.body)}`;
  }
  const response = message as DebugProtocol.Response;
  if (response.success) return `< ${response.command}${printMembers(response.body)}`;
  const { format, showUser } = response.body?.error ?? {};
  const short = response.message === format ? "" : `${response.message}: `;
  return `! ${response.command}: ${short}${format}${showUser ? " (shown to the user)" : ""}`;
}

function printMembers(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  const members = Object.entries(value).map(([name, member]) => ` ${name}=${print(member)}`);
  return members.join("");
}

function print(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(print).join(", ")}]`;
  if (typeof value === "object" && value !== null) return `{${printMembers(value).trimStart()}}`;
  return typeof value === "string" && /^[\w./:@#-]+$/.test(value) ? value : JSON.stringify(value);
}

function isRefresh(message: DebugProtocol.ProtocolMessage): boolean {
  const event = message as DebugProtocol.Event;
  return event.event === "k8snet/state" && event.body.reason === "running";
}
