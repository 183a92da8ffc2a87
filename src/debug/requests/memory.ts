import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Arguments } from "../arguments.ts";
import { RequestError } from "../request-error.ts";
import type { Answer, Handlers, RequestContext } from "./request.ts";

/** Requests for the bytes of packets: memory references name them, and hex editors open them. */
export function memoryRequests(context: RequestContext): Handlers {
  return {
    readMemory: (args) => ({ body: readMemory(context, args) }),
    writeMemory: (args) => writeMemory(context, args),
  };
}

function readMemory(context: RequestContext, args: Arguments): DebugProtocol.ReadMemoryResponse["body"] {
  const bytes = bytesAt(context, args.string("memoryReference"));
  const offset = args.optionalInteger("offset") ?? 0;
  const count = args.integer("count");
  if (count < 0) throw new RequestError("count must not be negative");
  const start = Math.min(Math.max(0, offset), bytes.length);
  const end = Math.min(Math.max(start, offset + count), bytes.length);
  const missing = count - (end - start);
  return {
    address: `0x${start.toString(16)}`,
    ...(missing > 0 && { unreadableBytes: missing }),
    ...(end > start && { data: toBase64(bytes.subarray(start, end)) }),
  };
}

function writeMemory(context: RequestContext, args: Arguments): Answer {
  const reference = args.string("memoryReference");
  const offset = args.optionalInteger("offset") ?? 0;
  const bytes = fromBase64(args.string("data"));
  bytesAt(context, reference);
  const refusal = context.standing().lab.memory.write(reference, offset, bytes);
  if (refusal !== undefined) throw new RequestError(refusal);
  return { body: { bytesWritten: bytes.length }, afterwards: () => context.invalidate() };
}

function bytesAt(context: RequestContext, reference: string): Uint8Array {
  const bytes = context.standing().lab.memory.read(reference);
  if (bytes === undefined) throw new RequestError(whyNoBytes(reference));
  return bytes;
}

/** References stay valid as names: where the recording goes back to the packet, its bytes are there again. */
function whyNoBytes(reference: string): string {
  const name = /^packet:([\d.]+)(?:\/\d+)?(?:@\d+)?$/.exec(reference)?.[1];
  if (name === undefined) return `"${reference}" names no bytes: memory references come with the layers of a packet`;
  return `Packet #${name} is not in flight at this event: its bytes are there again where the recording goes back to it`;
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new RequestError("data must be bytes in base64");
  }
}
