import type { ProgramResult } from "./program.ts";

export interface HttpResponse {
  readonly content: NonNullable<ProgramResult["response"]>;
  /** How many bytes of body are there, and how many there will be; absent: until the end of the stream. */
  readonly receivedBytes: number;
  readonly contentLength?: number;
}

/**
 * Reads an HTTP/1 response as far as it has come (RFC 9112); undefined before the head is complete, or when it is no HTTP. The
 * names of the headers are given in lower case.
 */
export function readHttpResponse(bytes: Uint8Array): HttpResponse | undefined {
  const head = readHttpHead(bytes);
  if (head === undefined) return undefined;
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(head.firstLine);
  if (status === null) return undefined;
  const body = bytes.subarray(head.length);
  const length = head.headers["content-length"];
  const contentLength = length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
  const text = new TextDecoder().decode(body.subarray(0, contentLength));
  return {
    content: { status: Number(status[1]), body: text, headers: head.headers },
    receivedBytes: body.length,
    ...(contentLength === undefined ? {} : { contentLength }),
  };
}

export interface HttpHead {
  readonly firstLine: string;
  readonly headers: Readonly<Record<string, string>>;
  /** In bytes, with the empty line. */
  readonly length: number;
}

/** The first line and the headers; undefined while the empty line after them is missing. */
export function readHttpHead(bytes: Uint8Array): HttpHead | undefined {
  const text = latin1(bytes);
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [firstLine, ...lines] = text.slice(0, end).split("\r\n");
  const headers = lines.map((line) => [
    line.split(":", 1)[0].trim().toLowerCase(),
    line.replace(/^[^:]*:?/, "").trim(),
  ]);
  return { firstLine, headers: Object.fromEntries(headers), length: end + 4 };
}

/** HTTP/1.0 with a body whose length is told. */
export function httpResponseText(status: string, headers: readonly string[], body: string): string {
  const length = new TextEncoder().encode(body).length;
  return [`HTTP/1.0 ${status}`, `Content-Length: ${length}`, ...headers, "", body].join("\r\n");
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
