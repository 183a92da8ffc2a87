import * as vscode from "vscode";
import { rangeOfNode } from "../language/source.ts";
import { fromClientPath, toClientPath } from "./client-paths.ts";
import { type Compilations, isNetworkFile } from "./documents.ts";
import { debugType, maximumSetting, threadsSection } from "./identifiers.ts";
import type { PacketBreakpointsTree } from "./packet-breakpoints/tree.ts";
import { contains } from "./ranges.ts";

/** Makes F5 work without a launch.json, and fills in what one leaves out. */
export class LaunchConfigurations implements vscode.DebugConfigurationProvider {
  private readonly compilations: Compilations;
  private readonly tree: Pick<PacketBreakpointsTree, "requested">;

  constructor(compilations: Compilations, tree: Pick<PacketBreakpointsTree, "requested">) {
    this.compilations = compilations;
    this.tree = tree;
  }

  /** One for each scenario of the file in the editor, for "Select and Start Debugging". */
  async provideDebugConfigurations(): Promise<vscode.DebugConfiguration[]> {
    const document = activeNetworkFile();
    if (!document) return [];
    const { plan } = await this.compilations.of(document);
    return plan.scenarios.map(({ name }) => launchOf(document.uri, name));
  }

  resolveDebugConfiguration(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): vscode.DebugConfiguration | undefined {
    if (configuration.program || configuration.recording || configuration.request === "attach") return configuration;
    const document = activeNetworkFile();
    if (!document) {
      void vscode.window.showErrorMessage("Open a .k8snet file to debug it, or name one as “program” in launch.json.");
      return undefined;
    }
    return {
      ...launchOf(document.uri),
      ...configuration,
      type: debugType,
      request: "launch",
      program: toClientPath(document.uri),
    };
  }

  /** Without a scenario it is the one that the cursor is in; without that, the session takes the file's first. */
  async resolveDebugConfigurationWithSubstitutedVariables(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const maxThreads = vscode.workspace.getConfiguration(threadsSection).get<number>(maximumSetting);
    const withBreakpoints = { packetBreakpoints: this.tree.requested, maxThreads, ...configuration };
    if (configuration.recording || configuration.request === "attach") return withBreakpoints;
    if (await this.isBroken(configuration.program)) return undefined;
    if (configuration.scenario !== undefined) return withBreakpoints;
    const scenario = await this.scenarioAtCursor(configuration.program);
    return scenario === undefined ? withBreakpoints : { ...withBreakpoints, scenario };
  }

  /** A file with errors is not started: the editor marks them, and says here how many there are. */
  private async isBroken(program: unknown): Promise<boolean> {
    if (typeof program !== "string") return false;
    const uri = fromClientPath(program).toString();
    const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri);
    if (!document) return false;
    const { diagnostics } = await this.compilations.of(document);
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    if (errors.length === 0) return false;
    const [first] = errors;
    const name = document.uri.path.slice(document.uri.path.lastIndexOf("/") + 1);
    const count = errors.length === 1 ? "an error" : `${errors.length} errors`;
    void this.offerProblems(`${name} has ${count}; line ${first.range.line}: ${first.message}`);
    return true;
  }

  private async offerProblems(message: string): Promise<void> {
    const show = "Show Problems";
    if ((await vscode.window.showErrorMessage(message, show)) === show)
      await vscode.commands.executeCommand("workbench.actions.view.problems");
  }

  private async scenarioAtCursor(program: unknown): Promise<string | undefined> {
    const editor = vscode.window.activeTextEditor;
    if (!editor || !isNetworkFile(editor.document) || typeof program !== "string") return undefined;
    if (fromClientPath(program).toString() !== editor.document.uri.toString()) return undefined;
    const { ast, uri } = await this.compilations.of(editor.document);
    const around = ast.items.find((item) => contains(rangeOfNode(item, uri), editor.selection.active));
    return around?.$type === "Scenario" ? around.name : undefined;
  }
}

/**
 * How a scenario is debugged where nobody said otherwise: it stands still after its last event, so that a run
 * without breakpoints still shows its tables and can be walked back.
 */
export function launchOf(program: vscode.Uri, scenario?: string): vscode.DebugConfiguration {
  return {
    type: debugType,
    request: "launch",
    name: scenario === undefined ? "Debug packets" : `Debug packets of “${scenario}”`,
    program: toClientPath(program),
    ...(scenario !== undefined && { scenario }),
    stopAtEnd: true,
  };
}

/** How a capture is replayed. */
export function attachTo(capture: vscode.Uri): vscode.DebugConfiguration {
  const name = `Debug packets of ${capture.path.slice(capture.path.lastIndexOf("/") + 1)}`;
  return { type: debugType, request: "attach", name, capture: toClientPath(capture) };
}

export function activeNetworkFile(): vscode.TextDocument | undefined {
  const document = vscode.window.activeTextEditor?.document;
  return document && isNetworkFile(document) ? document : undefined;
}
