/**
 * A request that cannot be answered as asked: it becomes an error response, and the session goes on.
 *
 * `short` is the response's `message`, for which the protocol reserves `notStopped` and `cancelled`.
 */
export class RequestError extends Error {
  readonly short: string;
  /** Whether the client should put the text before the user's eyes. */
  readonly showUser: boolean;

  constructor(text: string, options: { readonly short?: string; readonly showUser?: boolean } = {}) {
    super(text);
    this.short = options.short ?? text;
    this.showUser = options.showUser ?? false;
  }
}

export function notStopped(): RequestError {
  return new RequestError("The packets are moving; pause first", { short: "notStopped" });
}
