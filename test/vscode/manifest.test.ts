import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Arguments } from "../../src/debug/arguments.ts";
import { parseLaunchArguments } from "../../src/debug/launch.ts";
import { commandIds, debugType, languageId, stateViewId } from "../../src/vscode/identifiers.ts";
import { statePage } from "../../src/vscode/state-page.ts";

const root = join(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const { contributes } = manifest;
const [debuggerEntry] = contributes.debuggers;

describe("The manifest says what the code does", () => {
  it("names the language, the debugger, the commands and the view as the code does", () => {
    expect(contributes.languages[0].id).toBe(languageId);
    expect(debuggerEntry.type).toBe(debugType);
    expect(debuggerEntry.languages).toEqual([languageId]);
    expect(contributes.breakpoints).toEqual([{ language: languageId }]);
    expect(contributes.views.debug.map((view: { id: string }) => view.id)).toEqual([stateViewId]);
    const declared = contributes.commands.map((one: { command: string }) => one.command);
    expect(declared.sort()).toEqual(Object.values(commandIds).sort());
  });

  it("offers in launch.json the attributes that a session takes, with their defaults", () => {
    const { properties } = debuggerEntry.configurationAttributes.launch;
    const { noDebug: _, ...taken } = parseLaunchArguments(new Arguments({ program: "x.k8snet" }));
    expect(Object.keys(properties).sort()).toEqual(Object.keys(taken).sort());
    for (const name of ["stopOnEntry", "stopAtEnd", "maxThreads"] as const) {
      expect(properties[name].default, name).toBe(taken[name]);
    }
  });

  it("every file that it names is there", () => {
    const [language] = contributes.languages;
    const named = [manifest.icon, language.configuration, language.icon.light, language.icon.dark];
    named.push(...[...contributes.grammars, ...contributes.snippets].map((one: { path: string }) => one.path));
    named.push(...contributes.views.debug.map((view: { icon: string }) => view.icon));
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it("works where the workspace is not trusted, or virtual", () => {
    expect(manifest.capabilities).toEqual({ virtualWorkspaces: true, untrustedWorkspaces: { supported: true } });
  });
});

describe("The page of the state view", () => {
  const page = statePage({ script: "state.js", style: "state.css", cspSource: "webview:", nonce: "once" });

  it("loads its own style sheet and font, runs its own script, and nothing else", () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
    expect(policy).toBe("default-src 'none'; style-src webview:; font-src webview:; script-src 'nonce-once';");
  });

  it("has nothing inline", () => {
    expect(page).not.toMatch(/\sstyle=|<style|\son[a-z]+=/);
    expect(page.match(/<script[^>]*>[^<]*<\/script>/g)).toEqual(['<script nonce="once" src="state.js"></script>']);
  });
});
