import * as vscode from "vscode";
import { captureCases } from "./capture.ts";
import { host, runCases } from "./cases.ts";
import { debuggingCases } from "./debugging.ts";
import { editorCases } from "./editor.ts";
import { lookingCases } from "./looking.ts";
import { modelCases } from "./model.ts";
import { timeTravelCases } from "./time-travel.ts";
import { verifyingCases } from "./verifying.ts";
import { whyCases } from "./why.ts";
import { closeEverything, workspaceFolder } from "./workspace.ts";

/** What the extension host calls, in a desktop VS Code and in the browser's. The results go into the workspace folder. */
export async function run(): Promise<void> {
  // Verify starts processes.
  const ofThisHost = host === "node" ? verifyingCases : [];
  const results = await runCases(
    [
      ...editorCases,
      ...debuggingCases,
      ...lookingCases,
      ...modelCases,
      ...timeTravelCases,
      ...whyCases,
      ...captureCases,
      ...ofThisHost,
    ],
    closeEverything,
  );
  const file = vscode.Uri.joinPath(workspaceFolder().uri, "suite-results.json");
  await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(JSON.stringify(results, undefined, 2)));
  if (results.failed.length > 0) throw new Error(`${results.failed.length} failed`);
}
