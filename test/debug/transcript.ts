import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Recorded } from "./recorded-client.ts";

/**
 * A session as text, one line per message: `>` what the client asked, `<` the answer, `!` a refusal, `*` an event.
 * What differs from run to run is left out: numbers of messages, and views' refreshes while packets move.
 */
export function transcript(recorded: readonly Recorded[], replacements: Readonly<Record<string, string>> = {}): string {
  const messages = recorded.map(({ message }) => message).filter((message) => !isRefresh(message));
  const lines = joinOutput(messages).map(printMessage);
  let text = lines.join("\n");
  for (const [long, short] of Object.entries(replacements)) text = text.replaceAll(long, short);
  return text;
}

/** One program's output comes in one event or in several, depending on how busy the machine is. */
function joinOutput(messages: readonly DebugProtocol.ProtocolMessage[]): readonly DebugProtocol.ProtocolMessage[] {
  const joined: DebugProtocol.ProtocolMessage[] = [];
  for (const message of messages) {
    const before = joined.at(-1);
    const body = outputOf(message);
    const bodyBefore = before === undefined ? undefined : outputOf(before);
    if (
      body?.line === undefined ||
      bodyBefore === undefined ||
      bodyBefore.category !== body.category ||
      bodyBefore.line !== body.line
    ) {
      joined.push(message);
      continue;
    }
    joined[joined.length - 1] = {
      ...message,
      body: { ...body, output: bodyBefore.output + body.output },
    } as DebugProtocol.Event;
  }
  return joined;
}

function outputOf(message: DebugProtocol.ProtocolMessage): DebugProtocol.OutputEvent["body"] | undefined {
  const event = message as DebugProtocol.Event;
  return event.event === "output" ? event.body : undefined;
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
  // Every new ability changes them; a test of their own compares them.
  if (response.success && response.command === "initialize") return "< initialize (capabilities)";
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
