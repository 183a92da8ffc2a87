import { readFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createSession, type DebugEnvironment, type OpenLab, openSimulatedLab } from "../debug/server.ts";
import { readImport } from "./read-import.ts";

export interface DapOptions {
  /** Listen on this TCP port of 127.0.0.1 (0: any free one), a session per connection; without it, one on stdio. */
  readonly port?: number;
  /** Another lab than the simulated one, for tests. */
  readonly openLab?: OpenLab;
  /** Closes the server and its connections. */
  readonly signal?: AbortSignal;
  /** Told instead of the line on standard error. */
  onListening?(port: number): void;
}

/** Serves the Debug Adapter Protocol until the client on stdio has gone, or the server is told to stop. */
export function serveDap(options: DapOptions): Promise<void> {
  const environment = nodeEnvironment(options.openLab ?? openSimulatedLab);
  return options.port === undefined ? serveStdio(environment) : serveSockets(environment, options, options.port);
}

/** Standard output belongs to the protocol: nothing else may be printed there while this runs. */
function serveStdio(environment: DebugEnvironment): Promise<void> {
  return new Promise((done) => {
    const session = createSession(environment);
    session.onDidEnd(() => {
      // A listening standard input would keep the process alive.
      process.stdin.destroy();
      setImmediate(done);
    });
    session.start(process.stdin, process.stdout);
  });
}

function serveSockets(environment: DebugEnvironment, options: DapOptions, port: number): Promise<void> {
  return new Promise((done, fail) => {
    const connections = new Set<Socket>();
    const server = createServer((socket) => {
      connections.add(socket);
      socket.on("close", () => connections.delete(socket));
      serveConnection(environment, socket);
    });
    server.on("error", fail);
    server.on("close", done);
    options.signal?.addEventListener("abort", () => close(server, connections));
    // Never another address: whoever connects can have any file that this process can read compiled and quoted.
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const actual = typeof address === "object" && address ? address.port : port;
      if (options.onListening) options.onListening(actual);
      else process.stderr.write(`listening on 127.0.0.1:${actual}\n`);
    });
  });
}

function serveConnection(environment: DebugEnvironment, socket: Socket): void {
  const session = createSession(environment);
  // The answer to `disconnect` is still to be written when the session ends.
  session.onDidEnd(() => setImmediate(() => socket.end()));
  // An answer and the event after it are two small writes: without this the second waits for the first's acknowledgement.
  socket.setNoDelay(true);
  session.start(socket, socket);
}

function close(server: Server, connections: ReadonlySet<Socket>): void {
  server.close();
  for (const socket of connections) socket.destroy();
}

function nodeEnvironment(openLab: OpenLab): DebugEnvironment {
  return {
    openLab,
    readImport,
    readFile: (path) => readFile(isUri(path) ? fileURLToPath(path) : path, "utf8"),
    readBytes: (path) => readFile(isUri(path) ? fileURLToPath(path) : path),
    toUri: (path) => (isUri(path) ? path : pathToFileURL(resolve(path)).href),
    toClientPath: (uri) => (uri.startsWith("file:") ? fileURLToPath(uri) : uri),
    now: () => performance.now(),
    yieldToMessages: () => new Promise((next) => setImmediate(next)),
  };
}

/** A scheme of one letter is a drive. */
function isUri(path: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(path);
}
