import type { Diagnostic } from "../../base/diagnostic.ts";
import { type AlikeNodes, alikeNodes } from "../../kube/alike-nodes.ts";
import { setUpCommands } from "../../kube/wiring.ts";
import type { Compilation } from "../../language/compile.ts";
import { makeWorld } from "../../linux/register.ts";
import { SetUp } from "../../linux/setup/apply.ts";
import type { SetUpCommand } from "../../plan/commands.ts";
import { ModelCheck } from "../../reach/model/check.ts";
import { serverFor } from "../programs.ts";
import { type ModelReport, reportModel } from "./report.ts";

/** Nothing of it is run, so nothing of it is recorded. */
const historyBytes = 1024 * 1024;

/** More nodes than a world can hold can still be looked at: most of them are like others. */
const harmless: ReadonlySet<string> = new Set(["too-many-nodes", "too-many-ports"]);

/** The file cannot be checked, and why; nothing is listed where its own diagnostics say it. */
export interface NoModel {
  readonly problems: readonly Diagnostic[];
}

/** Whether the errors of a file are such that its model cannot be checked. */
export function isUncheckable({ severity, code }: Diagnostic): boolean {
  return severity === "error" && !harmless.has(code);
}

/** Begins to check the networking model, on as many nodes of a file's cluster as it takes to know all of them. */
export function openModel(compilation: Compilation): OpenModel | NoModel {
  const { plan, layout, diagnostics } = compilation;
  if (diagnostics.some(isUncheckable)) return { problems: [] };
  if (layout.model.nodes.length === 0) return nothingToCheck(plan.uri, "nodes");
  return new OpenModel(compilation);
}

/** A check that is under way: first it builds, then it follows pairs. Both in small steps, since editors cannot wait. */
export class OpenModel {
  readonly #compilation: Compilation;
  readonly #kept: AlikeNodes["kept"];
  readonly #world = makeWorld({ seed: 0, historyBytes });
  readonly #setUp = new SetUp(this.#world, serverFor);
  readonly #waiting: Iterator<SetUpCommand>;
  readonly #commands: SetUpCommand[] = [];
  readonly #problems: Diagnostic[] = [];
  #check: ModelCheck | undefined;

  constructor(compilation: Compilation) {
    const { members, kept } = alikeNodes(compilation.layout);
    this.#compilation = compilation;
    this.#kept = kept;
    this.#waiting = setUpCommands(compilation.layout, members);
  }

  /** Runs so many commands of the set-up, or follows so many pairs. True while there is more to do. */
  advance(steps: number): boolean {
    if (this.#check !== undefined) return this.#check.advance(steps);
    for (let i = 0; i < steps; i++) {
      const { value: command, done } = this.#waiting.next();
      if (done === true) {
        this.#check = new ModelCheck(this.#world, this.#kept);
        return this.#problems.length === 0;
      }
      this.#apply(command);
    }
    return true;
  }

  /** What was found so far, or what the kernel refused to set up. Where there are no pods, nothing is proved of any. */
  outcome(): ModelReport | NoModel {
    if (this.#problems.length > 0 || this.#check === undefined) return { problems: this.#problems };
    if (!this.#check.hasPods) return nothingToCheck(this.#compilation.plan.uri, "pods");
    return reportModel(this.#world, this.#check, this.#compilation, this.#commands);
  }

  /** Servers do not matter: whoever is reached, is reached. */
  #apply(command: SetUpCommand): void {
    if (command.do === "listen") return;
    this.#commands.push(command);
    const failure = this.#setUp.apply(command);
    if (failure === undefined) return;
    this.#problems.push({ severity: "error", message: failure, range: command.source, code: "set-up-refused" });
  }
}

function nothingToCheck(uri: string, what: "nodes" | "pods"): NoModel {
  const range = { uri, line: 1, column: 1, endLine: 1, endColumn: 1 };
  const message = `There are no ${what}, so the networking model of Kubernetes says nothing about this file.`;
  return { problems: [{ severity: "error", code: "no-model", range, message }] };
}
