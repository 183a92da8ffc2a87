/** What the shell learns. */
export const exitCode = {
  /** Every expectation held; every file checked is without errors. */
  ok: 0,
  /** An expectation failed. */
  expectationFailed: 1,
  /** The simulated kernel does not do what Linux does. */
  different: 1,
  /** The networking model of Kubernetes does not hold. */
  refuted: 1,
  /** The command line, a file, or the place to write to is no good; or this machine cannot do it. */
  badInput: 2,
  /** A bug of ours; EX_SOFTWARE of sysexits.h. */
  internalError: 70,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** Ends a command with one line of explanation: the user asked for what cannot be done. */
export class BadInput extends Error {}
