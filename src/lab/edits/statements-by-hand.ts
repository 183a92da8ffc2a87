import type { ClusterLayout } from "../../kube/layout.ts";
import { compileStatement } from "../../language/scenario/one-statement.ts";
import type { Configure, EndpointChanges, Statement } from "../../plan/statements.ts";
import { isProgramStatement } from "../programs.ts";
import type { GeneratedDocument } from "../protocol.ts";
import type { Scenario } from "../scenario.ts";
import type { Change } from "./set-row.ts";
import { Refused } from "./values.ts";

/** The document whose lines are the statements that were made by hand. */
export const consoleUri = "k8snet:/console";
const firstLine = "# Statements that were made by hand";

/** A statement's text, and what it comes to where endpoints have changed so. */
interface Compiled {
  readonly text: string;
  readonly endpoints: EndpointChanges;
  readonly compiled: Statement | Refused;
}

/** Statements that are made while a scenario stands still, as part of its recording. Each has a line of a document. */
export class StatementsByHand {
  private readonly scenario: Scenario;
  private readonly layout: () => ClusterLayout | undefined;
  /** Lines stay where they are, also those of statements that were gone back before: frames refer to them. */
  private readonly lines: string[] = [firstLine];
  private latest: Compiled | undefined;

  constructor(scenario: Scenario, layout: () => ClusterLayout | undefined) {
    this.scenario = scenario;
    this.layout = layout;
  }

  /** Undefined as long as there are no statements. */
  get document(): GeneratedDocument | undefined {
    if (this.lines.length === 1) return undefined;
    return { uri: consoleUri, text: this.lines.map((line) => `${line}\n`).join("") };
  }

  /** It runs a program, which nothing refuses. */
  isProgram(text: string): boolean {
    const compiled = this.compile(text);
    return !(compiled instanceof Refused) && isProgramStatement(compiled);
  }

  /** What making it does. */
  change(text: string): Change | Refused {
    const compiled = this.compile(text);
    if (compiled instanceof Refused) return compiled;
    return () => this.make(text, compiled);
  }

  private make(text: string, statement: Statement): string | undefined {
    const refusal = this.start(statement);
    if (refusal !== undefined) return refusal;
    this.lines[statement.source.line - 1] = text;
    this.latest = undefined;
    return undefined;
  }

  private start(statement: Statement): string | undefined {
    if (isProgramStatement(statement)) this.scenario.startBeside(statement);
    else if (statement.do === "configure") return this.configure(statement);
    else return `"${statement.do}" is not for the console: it only makes sense among a scenario's statements`;
    return undefined;
  }

  private configure({ commands, endpoints }: Configure): string | undefined {
    for (const one of commands) {
      const failure = this.scenario.setUp.change(one);
      if (failure !== undefined) return failure;
    }
    this.scenario.noteEndpoints(endpoints);
    return undefined;
  }

  private compile(text: string): Statement | Refused {
    const { endpoints } = this.scenario;
    if (this.latest?.text !== text || this.latest.endpoints !== endpoints)
      this.latest = { text, endpoints, compiled: this.compileNew(text, endpoints) };
    return this.latest.compiled;
  }

  private compileNew(text: string, endpoints: EndpointChanges): Statement | Refused {
    const layout = this.layout();
    if (layout === undefined) return new Refused("What is replayed is not a file's network: nothing can be done in it");
    const compiled = compileStatement(text, layout, { uri: consoleUri, line: this.lines.length + 1 }, endpoints);
    if ("statement" in compiled) return compiled.statement;
    return new Refused(compiled.problems.map(({ message }) => message).join("\n"));
  }
}
