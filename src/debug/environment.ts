import type { Diagnostic } from "../base/diagnostic.ts";
import type { DebugLab } from "../lab/api.ts";
import type { GeneratedDocument } from "../lab/protocol.ts";
import type { ReadImport } from "../language/compile.ts";

/**
 * All that a debug session needs from the machine it runs on. The command line gives it Node's files and clock, the
 * extension those of VS Code, so that the same session runs in a terminal, in the extension host and in a web worker.
 */
export interface DebugEnvironment {
  /** The text of a program, named as the client named it. A rejection's message is shown to the user. */
  readFile(clientPath: string): Promise<string>;
  /** What a capture holds, named likewise. */
  readBytes(clientPath: string): Promise<Uint8Array>;
  /** Reads what a program imports. */
  readonly readImport: ReadImport;
  openLab: OpenLab;
  /** The URI by which the lab knows a document that the client names by path (or by URI: that one stays as it is). */
  toUri(clientPath: string): string;
  /** How the client would name a document that it has not named yet. */
  toClientPath(uri: string): string;
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Resolves after messages that have arrived meanwhile were handled. */
  yieldToMessages(): Promise<void>;
}

export interface LabRequest {
  readonly uri: string;
  readonly text: string;
  /** The file's first scenario when absent. */
  readonly scenario?: string;
  /** Overrides the scenario's own. */
  readonly seed?: number;
  readonly readImport?: ReadImport;
  /** Texts that the run can show besides those that it makes. */
  readonly documents?: readonly GeneratedDocument[];
}

/** Compiles a program and builds the lab for one of its scenarios. */
export type OpenLab = (request: LabRequest) => OpenLabResult | Promise<OpenLabResult>;

export type OpenLabResult =
  | { readonly kind: "opened"; readonly lab: DebugLab; readonly diagnostics: readonly Diagnostic[] }
  /** At least one of the diagnostics is an error. */
  | { readonly kind: "invalid"; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: "unknown scenario"; readonly scenarios: readonly string[] };
