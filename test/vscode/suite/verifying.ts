import * as vscode from "vscode";
import type { Verdict } from "../../../src/vscode/verify-verdict.ts";
import { type Case, equal, holds, until } from "./cases.ts";
import { openSample, workspaceFolder } from "./workspace.ts";

/** In the Node extension host. The web worker has neither command nor lens, which the editor's cases look at. */
export const verifyingCases: readonly Case[] = [
  { name: "Verify on Linux compares a scenario with the real kernel, or says why it cannot", run: verifiesScenario },
  { name: "Verify on Linux saves the file first, and takes all its scenarios", run: savesAndTakesAll },
  { name: "Verify on Linux of a file with errors says that it has errors, and where", run: refusesErrors },
  { name: "a second Verify on Linux does not start beside the first", run: oneAtATime },
];

const pair = `netns a
netns b
veth a/eth0 address 10.0.0.1/24 <-> b/eth0 address 10.0.0.2/24
scenario "there" { ping a -> b }
`;

async function verifiesScenario(): Promise<void> {
  const { document } = await openSample();
  const verdict = await verify(document.uri, "first ping");
  isVerdict(verdict, /^Verified on Linux: “first ping”: equal \(\d+ frames, the tables after 1 statement\)$/);
}

async function savesAndTakesAll(): Promise<void> {
  const document = await openNew("pair.k8snet", pair);
  const edit = new vscode.WorkspaceEdit();
  edit.insert(document.uri, document.positionAt(pair.length), 'scenario "back" { ping b -> a }\n');
  await vscode.workspace.applyEdit(edit);
  const verdict = await verify();
  equal(document.isDirty, false, "unsaved changes");
  isVerdict(verdict, /^Verified on Linux: of 2 scenarios 2 equal$/);
}

async function refusesErrors(): Promise<void> {
  const document = await openNew("wrong wires.k8snet", pair.replace("veth", "vteh"));
  const verdict = await verify(document.uri, "there");
  equal(verdict, { kind: "unable", text: "Cannot verify here: a file with errors cannot be verified" }, "the verdict");
  const place = await until(async () => (await linksInOutput()).find((one) => one.fragment !== ""), "a link");
  equal([place.path, place.fragment.replace(/,.*/, "")], [document.uri.path, "L3"], "where the link leads");
}

async function oneAtATime(): Promise<void> {
  const { document } = await openSample();
  const first = verify(document.uri, "first ping");
  equal(await verify(document.uri, "second ping"), undefined, "the second");
  holds((await first) !== undefined, "the first goes on");
}

async function verify(uri?: vscode.Uri, scenario?: string): Promise<Verdict | undefined> {
  return vscode.commands.executeCommand("k8snet.verifyOnLinux", uri, scenario);
}

async function linksInOutput(): Promise<vscode.Uri[]> {
  const output = vscode.workspace.textDocuments.find((one) => one.fileName.includes("k8snet: Verify on Linux"));
  if (output === undefined) return [];
  const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>("vscode.executeLinkProvider", output.uri);
  return links.flatMap(({ target }) => target ?? []);
}

async function openNew(name: string, text: string): Promise<vscode.TextDocument> {
  const uri = vscode.Uri.joinPath(workspaceFolder().uri, name);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  return (await vscode.window.showTextDocument(uri)).document;
}

/** A machine that is not Linux, is not root's or lacks a tool can only say so. */
function isVerdict(verdict: Verdict | undefined, verified: RegExp): void {
  const pattern = verdict?.kind === "unable" ? /^Cannot verify here: this (needs|kernel|machine) / : verified;
  holds(pattern.test(verdict?.text ?? ""), `${verdict?.kind}: ${verdict?.text}`);
}
