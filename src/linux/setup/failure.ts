/** What the tool would have printed, or undefined when the command succeeded. */
export type CommandFailure = string | undefined;
