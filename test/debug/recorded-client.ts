import type { Readable, Writable } from "node:stream";
import { DebugClient } from "@vscode/debugadapter-testsupport";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { MessageCheck } from "./dap-schema.ts";

export interface Recorded {
  readonly direction: "sent" | "received";
  readonly message: DebugProtocol.ProtocolMessage;
}

/** The test support's client, which besides writes down every message as it passes over the socket. */
export class RecordedClient extends DebugClient {
  readonly recorded: Recorded[] = [];
  private readonly waiting = new Set<() => void>();

  constructor() {
    super("node", "unused: a server is connected to", "k8snet");
  }

  protected override connect(readable: Readable, writable: Writable): void {
    readable.on(
      "data",
      tap((message) => this.record("received", message)),
    );
    const sent = tap((message) => this.record("sent", message));
    const write = (chunk: string, encoding: BufferEncoding) => {
      sent(Buffer.from(chunk, encoding));
      return writable.write(chunk, encoding);
    };
    super.connect(readable, { write } as unknown as Writable);
  }

  /** The first event of that name after the `from`th recorded message, waited for if need be. */
  async event<E extends DebugProtocol.Event>(name: string, from = this.recorded.length): Promise<E> {
    const found = () =>
      this.received()
        .slice(0)
        .find((one, index) => index >= 0 && one.at >= from && one.name === name);
    while (!found()) await new Promise<void>((next) => this.waiting.add(next));
    return found()!.message as E;
  }

  /** Sends a resuming request and waits for the stop that it leads to. */
  async stopAfter(command: string, args: object): Promise<DebugProtocol.StoppedEvent> {
    const from = this.recorded.length;
    await this.customRequest(command, args);
    return this.event("stopped", from);
  }

  /** Every complaint about a recorded message, other than those about requests that a test sends wrong on purpose. */
  complaints(check: MessageCheck, deliberate: (request: DebugProtocol.Request) => boolean = () => false): string[] {
    return this.recorded.flatMap(({ direction, message }) => {
      if (direction === "sent" && deliberate(message as DebugProtocol.Request)) return [];
      const complaint = check(message);
      return complaint ? [`${direction} ${complaint}`] : [];
    });
  }

  private received() {
    return this.recorded.flatMap(({ direction, message }, at) =>
      direction === "received" && message.type === "event"
        ? [{ at, name: (message as DebugProtocol.Event).event, message }]
        : [],
    );
  }

  private record(direction: Recorded["direction"], message: DebugProtocol.ProtocolMessage): void {
    this.recorded.push({ direction, message });
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
}

/** Cuts a stream into the messages that it carries: `Content-Length: N`, an empty line, N bytes of JSON. */
function tap(onMessage: (message: DebugProtocol.ProtocolMessage) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const header = /^Content-Length: (\d+)\r\n\r\n/.exec(rest.toString("latin1", 0, 64));
      if (!header) return;
      const end = header[0].length + Number(header[1]);
      if (rest.length < end) return;
      onMessage(JSON.parse(rest.toString("utf8", header[0].length, end)));
      rest = rest.subarray(end);
    }
  };
}
