/**
 * A request that cannot be answered as asked: it becomes an error response, and the session goes on.
 *
 * `short` is the response's `message`, for which the protocol reserves `notStopped` and `cancelled`.
 */
export class RequestError extends Error {
  readonly short: string;

  constructor(text: string, short: string = text) {
    super(text);
    this.short = short;
  }
}

export function notStopped(): RequestError {
  return new RequestError("The packets are moving; pause first", "notStopped");
}
