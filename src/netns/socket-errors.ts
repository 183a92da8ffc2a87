import type { SocketError } from "../programs/program.ts";

const known: ReadonlySet<string> = new Set<SocketError>([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "ECONNRESET",
  "EMSGSIZE",
  "EADDRINUSE",
  "EADDRNOTAVAIL",
  "ENOBUFS",
  "EPERM",
  "EACCES",
  "EINVAL",
]);

/** The error that a program hears. A write after a reset fails with EPIPE, where the program has heard of the reset. */
export function socketError(error: NodeJS.ErrnoException): SocketError | undefined {
  return error.code !== undefined && known.has(error.code) ? (error.code as SocketError) : undefined;
}
