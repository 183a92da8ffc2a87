import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { joinBytes } from "../../wire/octets.ts";
import { type HttpHead, readHttpHead } from "../http.ts";
import type { Endpoint } from "../program.ts";

/** A whole request. */
export interface HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly head: HttpHead;
  readonly body: Uint8Array;
}

/** The request in what a client has sent; undefined while it is not all there. */
export function readRequest(bytes: Uint8Array): HttpRequest | "bad" | undefined {
  const head = readHttpHead(bytes);
  if (head === undefined) return undefined;
  const line = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(head.firstLine);
  if (line === null) return "bad";
  const length = Number(head.headers["content-length"] ?? "0");
  if (!Number.isInteger(length) || length < 0) return "bad";
  if (bytes.length < head.length + length) return undefined;
  const body = bytes.subarray(head.length, head.length + length);
  return { method: line[1], target: line[2], head, body };
}

/** Headers that hold for one connection only (RFC 9110, 7.6.1), and those that the proxy sets itself. */
const ownHeaders = new Set([
  ...["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "host"],
  ...[
    "x-real-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-scheme",
    "x-scheme",
  ],
]);

/**
 * The request as ingress-nginx passes it on. What a client says of whom it asks for is not believed (`use-forwarded-headers: false`):
 * X-Forwarded-For is the address that the connection came from.
 */
export function forwardedRequest(
  { method, target, head, body }: HttpRequest,
  from: Endpoint,
  port: number,
): Uint8Array {
  const client = formatIpv4(from.address);
  const host = head.headers.host ?? "";
  const others = Object.entries(head.headers).filter(([name]) => !ownHeaders.has(name));
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    `X-Real-IP: ${client}`,
    `X-Forwarded-For: ${client}`,
    `X-Forwarded-Host: ${host}`,
    `X-Forwarded-Port: ${port}`,
    "X-Forwarded-Proto: http",
    "X-Forwarded-Scheme: http",
    "X-Scheme: http",
    ...others.map(([name, value]) => `${titleCase(name)}: ${value}`),
  ];
  return joinBytes(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`), body);
}

function titleCase(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash, letter) => `${dash}${letter.toUpperCase()}`);
}

/** An upstream's answer, as far as it has come. */
export function isWholeResponse(bytes: Uint8Array): boolean {
  const head = readHttpHead(bytes);
  const length = head?.headers["content-length"];
  return head !== undefined && length !== undefined && bytes.length >= head.length + Number(length);
}

/** The answer with the version of HTTP that the proxy speaks to its clients. */
export function forwardedResponse(bytes: Uint8Array): Uint8Array | undefined {
  const head = readHttpHead(bytes);
  const status = head && /^HTTP\/1\.[01] (\d{3}.*)$/.exec(head.firstLine);
  if (!head || !status) return undefined;
  const line = new TextEncoder().encode(`HTTP/1.1 ${status[1]}`);
  return joinBytes(line, bytes.subarray(head.firstLine.length));
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
  504: "Gateway Time-out",
};

/** What the proxy says itself: nginx's page, or for 404 that of its default backend. */
export function ownResponse(status: number): Uint8Array {
  const title = `${status} ${reasons[status] ?? "Not Found"}`;
  const page = [
    "<html>",
    `<head><title>${title}</title></head>`,
    "<body>",
    `<center><h1>${title}</h1></center>`,
    "<hr><center>nginx</center>",
    "</body>",
    "</html>",
    "",
  ].join("\r\n");
  const body = status === 404 ? "default backend - 404" : page;
  const type = status === 404 ? "text/plain; charset=utf-8" : "text/html";
  const head = [`HTTP/1.1 ${title}`, `Content-Type: ${type}`, `Content-Length: ${body.length}`, "", ""].join("\r\n");
  return new TextEncoder().encode(head + body);
}
