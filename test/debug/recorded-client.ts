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
  /** Resolves when either side has closed the connection. */
  readonly closed: Promise<void>;
  private readonly waiting = new Set<() => void>();
  private socket: Writable | undefined;
  private tellClosed: () => void = () => {};

  constructor() {
    super("node", "unused: a server is connected to", "k8snet");
    this.closed = new Promise((resolve) => {
      this.tellClosed = resolve;
    });
  }

  protected override connect(readable: Readable, writable: Writable): void {
    this.socket = writable;
    readable.on("close", () => this.tellClosed());
    const received = tap((message) => this.record("received", message));
    readable.on("data", received);
    const sent = tap((message) => this.record("sent", message));
    const write = (chunk: string, encoding: BufferEncoding) => {
      sent(Buffer.from(chunk, encoding));
      return writable.write(chunk, encoding);
    };
    super.connect(readable, { write } as unknown as Writable);
  }

  /** Disconnects properly if the connection is still there. */
  async leave(): Promise<void> {
    if (this.socket?.writable) await this.stop();
  }

  /** Hangs up without a word. */
  hangUp(): void {
    this.socket?.destroy();
  }

  /** The first event of that name among the recorded messages from the `from`th on, waited for if need be. */
  async event<E extends DebugProtocol.Event = DebugProtocol.Event>(
    name: string,
    from = this.recorded.length,
  ): Promise<E> {
    for (;;) {
      const found = this.events()
        .slice(from)
        .find((event) => event?.event === name);
      if (found) return found as E;
      await new Promise<void>((next) => this.waiting.add(next));
    }
  }

  /** Sends a resuming request and waits for the stop that it leads to; fails if the session ends instead. */
  async stopAfter(command: string, args: object): Promise<DebugProtocol.StoppedEvent> {
    const from = this.recorded.length;
    await this.customRequest(command, args);
    const event = await Promise.race([this.event("stopped", from), this.event("terminated", from)]);
    if (event.event === "terminated") throw new Error(`${command} led to the end of the session`);
    return event as DebugProtocol.StoppedEvent;
  }

  /** Sends bytes that are no message. */
  sendRaw(text: string): void {
    this.socket?.write(text);
  }

  /** Starts the opened program and waits for the first event of that name. */
  async startUntil(event: string): Promise<void> {
    const from = this.recorded.length;
    await this.configurationDoneRequest();
    await this.event(event, from);
  }

  /** Why a request is refused. */
  refusal(command: string, args?: object): Promise<string> {
    return this.customRequest(command, args).then(
      () => {
        throw new Error(`${command} was not refused`);
      },
      (error: Error) => error.message,
    );
  }

  /** Every complaint about a recorded message, other than those about requests that a test sends wrong on purpose. */
  complaints(check: MessageCheck, deliberate: (request: DebugProtocol.Request) => boolean = () => false): string[] {
    return this.recorded.flatMap(({ direction, message }) => {
      if (direction === "sent" && deliberate(message as DebugProtocol.Request)) return [];
      const complaint = check(message);
      return complaint ? [`${direction} ${complaint}`] : [];
    });
  }

  /** The recorded events, at their places among all messages. */
  private events(): (DebugProtocol.Event | undefined)[] {
    return this.recorded.map(({ message }) =>
      message.type === "event" ? (message as DebugProtocol.Event) : undefined,
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
