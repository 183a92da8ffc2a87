/** Stops at our own bugs. Bad input never comes here: it becomes a diagnostic, a lost packet a drop reason. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`k8snet bug: ${message}`);
}

/** Ends a `switch` over a closed union; fails to compile when a member is not handled. */
export function unreachable(value: never): never {
  throw new Error(`k8snet bug: unexpected ${JSON.stringify(value)}`);
}
