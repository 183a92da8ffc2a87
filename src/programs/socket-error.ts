import type { SocketError } from "./program.ts";

/** What strerror(3) says in glibc. */
export function errorText(error: SocketError | "timeout"): string {
  return errorTexts[error];
}

const errorTexts: Readonly<Record<SocketError | "timeout", string>> = {
  ECONNREFUSED: "Connection refused",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ETIMEDOUT: "Connection timed out",
  ECONNRESET: "Connection reset by peer",
  EMSGSIZE: "Message too long",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  ENOBUFS: "No buffer space available",
  EPERM: "Operation not permitted",
  EACCES: "Permission denied",
  EINVAL: "Invalid argument",
  timeout: "timed out",
};
