import { createSocket, type Socket } from "node:dgram";
import type { Endpoint, ProgramEffect } from "../programs/program.ts";
import { parseIpv4 } from "../wire/address-text.ts";
import { formatIpv4 } from "../wire/ipv4-address.ts";
import type { HostedListener, HostedProcess, HostedSocket } from "./hosted-process.ts";
import { socketError } from "./socket-errors.ts";

/** A real UDP socket. Node binds and connects in its own time; what is sent before waits. */
export class UdpSocket implements HostedSocket {
  private readonly number: number;
  private readonly process: HostedProcess;
  private readonly socket: Socket;
  private waiting: (() => void)[] | undefined = [];
  private isClosed = false;

  constructor(effect: Extract<ProgramEffect, { kind: "open udp" }>, process: HostedProcess, listener: HostedListener) {
    const { local, remote, ttl } = effect;
    this.number = effect.socket;
    this.process = process;
    this.socket = createSocket("udp4");
    this.socket.on("error", (error) => this.fail(error));
    this.socket.on("message", (data, from) => {
      const endpoint = { address: parseIpv4(from.address) as number, port: from.port };
      // Node does not tell the TTL.
      process.handle({ kind: "datagram", socket: this.number, from: endpoint, data, ttl: 0 });
    });
    this.socket.bind(local?.port ?? 0, formatIpv4(local?.address ?? 0), () => {
      if (this.isClosed) return;
      if (ttl !== undefined) this.socket.setTTL(ttl);
      if (remote === undefined) return this.begin(listener);
      // Called with an error where connect(2) failed, though its type does not say so.
      const connected = (error?: NodeJS.ErrnoException) => {
        if (error !== undefined) this.fail(error);
        this.begin(listener);
      };
      this.socket.connect(remote.port, formatIpv4(remote.address), connected);
    });
  }

  send(data: Uint8Array): void {
    this.whenReady(() => this.socket.send(data, (error) => this.sent(error, () => this.send(data))));
  }

  sendTo(to: Endpoint, data: Uint8Array): void {
    const again = () => this.sendTo(to, data);
    this.whenReady(() => this.socket.send(data, to.port, formatIpv4(to.address), (error) => this.sent(error, again)));
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.socket.close();
  }

  private begin(listener: HostedListener): void {
    // What failed to connect has been closed by its program.
    if (this.isClosed) return;
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    listener.listening();
    for (const work of waiting) work();
  }

  private whenReady(work: () => void): void {
    if (this.isClosed) return;
    if (this.waiting === undefined) work();
    else this.waiting.push(work);
  }

  /** An error that an earlier datagram caused makes send(2) fail without sending: that datagram is still to go. */
  private sent(error: NodeJS.ErrnoException | null, again: () => void): void {
    if (error === null || error === undefined) return;
    this.fail(error);
    if (error.code === "ECONNREFUSED") again();
  }

  private fail(error: NodeJS.ErrnoException): void {
    const name = socketError(error);
    if (this.isClosed || name === undefined) return;
    this.process.handle({ kind: "error", socket: this.number, error: name });
  }
}
