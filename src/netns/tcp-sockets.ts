import { connect, createServer, type Server, type Socket } from "node:net";
import type { ProgramEffect } from "../programs/program.ts";
import { parseIpv4 } from "../wire/address-text.ts";
import { formatIpv4 } from "../wire/ipv4-address.ts";
import type { HostedListener, HostedProcess, HostedSocket } from "./hosted-process.ts";
import { socketError } from "./socket-errors.ts";

/** A real TCP connection, its own or an accepted one. */
export class TcpConnection implements HostedSocket {
  private readonly socket: Socket;
  private readonly number: number;
  private readonly process: HostedProcess;
  private isClosed = false;

  static open(effect: Extract<ProgramEffect, { kind: "open tcp" }>, process: HostedProcess): TcpConnection {
    const { local, remote } = effect;
    const socket = connect({
      host: formatIpv4(remote.address),
      port: remote.port,
      ...(local === undefined ? {} : { localPort: local.port, localAddress: formatIpv4(local.address) }),
      allowHalfOpen: true,
    });
    const connection = new TcpConnection(socket, process, () => effect.socket);
    socket.on("connect", () => {
      const own = { address: parseIpv4(socket.localAddress ?? "") as number, port: socket.localPort as number };
      process.handle({ kind: "connected", socket: effect.socket, local: own });
    });
    return connection;
  }

  constructor(socket: Socket, process: HostedProcess, numberOf: (connection: TcpConnection) => number) {
    this.socket = socket;
    this.process = process;
    this.number = numberOf(this);
    socket.on("data", (data) => this.tell({ kind: "data", data }));
    socket.on("end", () => this.tell({ kind: "end of stream" }));
    socket.on("error", (error) => {
      const name = socketError(error);
      if (name !== undefined) this.tell({ kind: "error", error: name });
    });
  }

  get descriptor(): number {
    return this.number;
  }

  send(data: Uint8Array): void {
    this.socket.write(data);
  }

  /** close(2). What is not yet with the kernel goes first; that is nothing, unless its buffer is full. */
  close(): void {
    this.isClosed = true;
    if (this.socket.writableLength === 0) this.socket.destroy();
    else this.socket.end(() => this.socket.destroy());
  }

  private tell(
    input:
      | { kind: "data"; data: Uint8Array }
      | { kind: "end of stream" }
      | { kind: "error"; error: ReturnType<typeof socketError> & string },
  ): void {
    if (!this.isClosed) this.process.handle({ ...input, socket: this.number });
  }
}

/** A real listening socket. */
export class TcpListener implements HostedSocket {
  private readonly server: Server;

  constructor(
    effect: Extract<ProgramEffect, { kind: "listen tcp" }>,
    process: HostedProcess,
    listener: HostedListener,
  ) {
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      const from = { address: parseIpv4(socket.remoteAddress ?? "") as number, port: socket.remotePort as number };
      const connection = new TcpConnection(socket, process, (accepted) => process.accept(accepted));
      process.handle({ kind: "accepted", listener: effect.socket, socket: connection.descriptor, from });
    });
    this.server.on("error", (error) => {
      const name = socketError(error);
      if (name !== undefined) process.handle({ kind: "error", socket: effect.socket, error: name });
    });
    const { address, port } = effect.local;
    this.server.listen({ host: formatIpv4(address), port }, () => listener.listening());
  }

  close(): void {
    this.server.close();
  }
}
