import { joinBytes, noBytes } from "../../wire/octets.ts";
import type { Endpoint, Program, ProgramEffect, ProgramInput, ProgramStep } from "../program.ts";
import { closeConnection, listenOn, serverSocket, takeServerError } from "../server.ts";
import { millisecondNs, secondNs } from "../time.ts";
import { forwardedRequest, forwardedResponse, isWholeResponse, ownResponse, readRequest } from "./messages.ts";
import { findUpstream, type ReverseProxySettings } from "./routes.ts";

export interface ReverseProxyState {
  readonly clients: readonly Client[];
  /** Of each upstream: which of its endpoints is next (round robin). */
  readonly next: Readonly<Record<string, number>>;
  /** What it has learned since it was started. */
  readonly informed?: ReverseProxySettings;
}

/** A client's connection, and what is being asked for it. */
interface Client {
  readonly socket: number;
  readonly from: Endpoint;
  readonly received: Uint8Array;
  readonly asked?: Asked;
}

interface Asked {
  readonly socket: number;
  readonly upstream: string;
  readonly request: Uint8Array;
  readonly tries: number;
  readonly answer: Uint8Array;
}

/** The client's descriptor and so much is the upstream's, and so its timer's. */
const upstreamOffset = 0x10_0000;
/** `proxy-connect-timeout` and `proxy-read-timeout` of ingress-nginx, and `proxy-next-upstream-tries`. */
const connectTimeoutNs = 5 * secondNs;
const readTimeoutNs = 60 * secondNs;
const mostTries = 3;
/** Longer than a peer delays an acknowledgment, and than the server behind it takes to close: else the two would be in a race. */
const closeAfterNs = 220 * millisecondNs;

/**
 * An HTTP reverse proxy as ingress-nginx is one: by the request's host and path to an endpoint of a Service, to which it connects
 * itself, past the Service's address. 404 where no rule is meant, 503 without endpoints, 502 when they refuse, 504 when they are silent.
 */
export function reverseProxy(local: Endpoint, settings: ReverseProxySettings): Program<ReverseProxyState> {
  return {
    start: () => ({ state: { clients: [], next: {} }, effects: [listenOn("tcp", local)] }),
    handle: (state, input) => new Turn(state.informed ?? settings, local.port, state).take(input),
  };
}

/** One input: what it changes, and what is to be done about it. */
class Turn {
  private readonly settings: ReverseProxySettings;
  private readonly port: number;
  private state: ReverseProxyState;
  private readonly effects: ProgramEffect[] = [];

  constructor(settings: ReverseProxySettings, port: number, state: ReverseProxyState) {
    this.settings = settings;
    this.port = port;
    this.state = state;
  }

  take(input: ProgramInput): ProgramStep<ReverseProxyState> {
    if (input.kind === "error" && input.socket === serverSocket) return takeServerError(this.state, input);
    if (input.kind === "informed") {
      if (input.proxy !== undefined) this.state = { ...this.state, informed: input.proxy };
    } else if (input.kind === "accepted") {
      const client: Client = { socket: input.socket, from: input.from, received: noBytes };
      this.state = { ...this.state, clients: [...this.state.clients, client] };
    } else if ("socket" in input || input.kind === "timer") {
      const number = input.kind === "timer" ? input.timer : input.socket;
      const client = this.state.clients.find((one) => one.socket === number || one.asked?.socket === number);
      if (client?.socket === number) this.fromClient(client, input);
      else if (client?.asked !== undefined) this.fromUpstream(client, client.asked, input);
    }
    return { state: this.state, effects: this.effects };
  }

  private fromClient(client: Client, input: ProgramInput): void {
    switch (input.kind) {
      case "data": {
        const received = joinBytes(client.received, input.data);
        this.replace(client, { ...client, received });
        if (client.asked === undefined) this.route({ ...client, received });
        return;
      }
      case "end of stream":
        this.effects.push({ kind: "set timer", timer: client.socket, afterNs: closeAfterNs });
        return;
      case "timer":
      case "error":
        this.leaveUpstream(client.asked);
        this.effects.push({ kind: "clear timer", timer: client.socket }, closeConnection(client.socket));
        this.state = { ...this.state, clients: this.state.clients.filter((one) => one.socket !== client.socket) };
    }
  }

  private route(client: Client): void {
    const request = readRequest(client.received);
    if (request === undefined) return;
    if (request === "bad") return this.answer(client, ownResponse(400));
    const upstream = findUpstream(this.settings, request.head.headers.host ?? "", request.target);
    if (upstream === undefined) return this.answer(client, ownResponse(404));
    const bytes = forwardedRequest(request, client.from, this.port);
    const rest = client.received.slice(request.head.length + request.body.length);
    this.replace(client, { ...client, received: rest });
    this.connect({ ...client, received: rest }, upstream, bytes, 0);
  }

  private connect(client: Client, upstream: string, request: Uint8Array, tries: number): void {
    const endpoints = this.settings.upstreams[upstream] ?? [];
    if (endpoints.length === 0) return this.answer(client, ownResponse(503));
    const index = this.state.next[upstream] ?? 0;
    this.state = { ...this.state, next: { ...this.state.next, [upstream]: (index + 1) % endpoints.length } };
    const socket = client.socket + upstreamOffset * (tries + 1);
    this.replace(client, { ...client, asked: { socket, upstream, request, tries: tries + 1, answer: noBytes } });
    this.effects.push(
      { kind: "open tcp", socket, remote: endpoints[index % endpoints.length] },
      { kind: "set timer", timer: socket, afterNs: connectTimeoutNs },
    );
  }

  private fromUpstream(client: Client, asked: Asked, input: ProgramInput): void {
    const { socket } = asked;
    switch (input.kind) {
      case "connected":
        this.effects.push(
          { kind: "send", socket, data: asked.request },
          { kind: "set timer", timer: socket, afterNs: readTimeoutNs },
        );
        return;
      case "data": {
        const answer = joinBytes(asked.answer, input.data);
        const after: Client = { ...client, asked: { ...asked, answer } };
        this.replace(client, after);
        if (isWholeResponse(answer)) this.finish(after, answer);
        return;
      }
      case "end of stream":
        return this.finish(client, asked.answer);
      case "timer":
        return this.tryNext(client, asked, 504);
      case "error":
        return this.tryNext(client, asked, input.error === "ETIMEDOUT" ? 504 : 502);
    }
  }

  private finish(client: Client, answer: Uint8Array): void {
    this.leaveUpstream(client.asked);
    this.answer(client, forwardedResponse(answer) ?? ownResponse(502));
  }

  /** `proxy_next_upstream error timeout`: another endpoint, as long as there are some that were not asked. */
  private tryNext(client: Client, asked: Asked, status: number): void {
    this.leaveUpstream(asked);
    const most = Math.min(mostTries, this.settings.upstreams[asked.upstream]?.length ?? 0);
    if (asked.tries < most) this.connect(client, asked.upstream, asked.request, asked.tries);
    else this.answer(client, ownResponse(status));
  }

  /** Answers, and takes up what the client has asked meanwhile. */
  private answer(client: Client, data: Uint8Array): void {
    this.effects.push({ kind: "send", socket: client.socket, data });
    const { asked: _asked, ...free } = client;
    this.replace(client, free);
    if (client.received.length > 0 && client.asked !== undefined) this.route(free);
  }

  private leaveUpstream(asked: Asked | undefined): void {
    if (asked === undefined) return;
    this.effects.push({ kind: "clear timer", timer: asked.socket }, closeConnection(asked.socket));
  }

  private replace(client: Client, after: Client): void {
    const clients = this.state.clients.map((one) => (one.socket === client.socket ? after : one));
    this.state = { ...this.state, clients };
  }
}
