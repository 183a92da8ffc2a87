import type { DebugProtocol } from "@vscode/debugprotocol";
import type { SourceRange } from "../base/source-range.ts";
import { generatedScheme } from "../lab/documents/documents.ts";
import type { Arguments } from "./arguments.ts";
import type { DebugEnvironment } from "./environment.ts";
import { RequestError } from "./request-error.ts";

/** A stretch of a document in the client's own terms. */
export interface ClientPlace {
  readonly source: DebugProtocol.Source;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/**
 * Translates between the lab's documents, lines and columns (URIs, both counted from 1) and the client's, which says in
 * `initialize` what it counts from and whether it speaks paths or URIs.
 */
export class ClientFormat {
  private readonly environment: DebugEnvironment;
  private firstLine = 1;
  private firstColumn = 1;
  private pathsAreUris = false;
  /** The client shows ANSI escape sequences as colours (ECMA-48, SGR). */
  showsColours = false;
  /** VS Code asks its own content provider for documents with a scheme; others ask the session, by number. */
  private opensGenerated = false;
  private readonly generated: string[] = [];
  /** What the client itself calls a document: editors open a second tab when a path comes back in another spelling. */
  private readonly clientNames = new Map<string, string>();

  constructor(environment: DebugEnvironment) {
    this.environment = environment;
  }

  initialize(args: Arguments): void {
    const pathFormat = args.optionalString("pathFormat") ?? "path";
    if (pathFormat !== "path" && pathFormat !== "uri") {
      throw new RequestError(`pathFormat must be "path" or "uri", not "${pathFormat}"`);
    }
    this.pathsAreUris = pathFormat === "uri";
    this.opensGenerated = args.optionalString("clientID") === "vscode";
    this.firstLine = (args.optionalBoolean("linesStartAt1") ?? true) ? 1 : 0;
    this.showsColours = args.optionalBoolean("supportsANSIStyling") ?? false;
    this.firstColumn = (args.optionalBoolean("columnsStartAt1") ?? true) ? 1 : 0;
  }

  /** The lab's name for the program of the launch request. */
  programUri(clientPath: string): string {
    const uri = this.toUri(clientPath);
    if (!this.clientNames.has(uri)) this.clientNames.set(uri, clientPath);
    return uri;
  }

  /** The lab's name for a document in which the client sets breakpoints: its editor knows it by exactly this name. */
  editorUri(clientPath: string): string {
    const uri = this.toUri(clientPath);
    this.clientNames.set(uri, clientPath);
    return uri;
  }

  toLabLine(line: number): number {
    return line - this.firstLine + 1;
  }

  toClientLine(line: number): number {
    return line - 1 + this.firstLine;
  }

  toLabColumn(column: number): number {
    return column - this.firstColumn + 1;
  }

  toClientColumn(column: number): number {
    return column - 1 + this.firstColumn;
  }

  toSource(uri: string): DebugProtocol.Source {
    if (uri.startsWith(generatedScheme)) return this.toGeneratedSource(uri);
    const path = this.clientNames.get(uri) ?? (this.pathsAreUris ? uri : this.environment.toClientPath(uri));
    return { name: baseName(path), path };
  }

  /** The document that a client's `source` means, by its path or, for one that the run made, by its number. */
  documentUri(source: Arguments): string {
    const reference = source.optionalInteger("sourceReference", 0) ?? 0;
    if (reference > 0) {
      const uri = this.generated[reference - 1];
      if (uri === undefined) throw new RequestError(`There is no source ${reference}`);
      return uri;
    }
    const path = source.optionalString("path");
    if (!path) throw new RequestError("source.path is missing: breakpoints are set in files");
    return path.startsWith(generatedScheme) ? path : this.editorUri(path);
  }

  private toGeneratedSource(uri: string): DebugProtocol.Source {
    const name = baseName(uri);
    const origin = "made by the run";
    if (this.opensGenerated) return { name, path: uri, origin };
    if (!this.generated.includes(uri)) this.generated.push(uri);
    return { name, sourceReference: this.generated.indexOf(uri) + 1, origin };
  }

  toPlace(range: SourceRange): ClientPlace {
    return {
      source: this.toSource(range.uri),
      line: this.toClientLine(range.line),
      column: range.column - 1 + this.firstColumn,
      endLine: this.toClientLine(range.endLine),
      endColumn: range.endColumn - 1 + this.firstColumn,
    };
  }

  private toUri(clientPath: string): string {
    return this.pathsAreUris ? clientPath : this.environment.toUri(clientPath);
  }
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1) || path;
}
