import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Arguments } from "../../src/debug/arguments.ts";
import { parseAttachArguments, parseLaunchArguments } from "../../src/debug/launch.ts";
import {
  canVerifyContextKey,
  commandIds,
  debugType,
  languageId,
  maximumSetting,
  packetBreakpointsViewId,
  recordingEditorId,
  stateViewId,
  threadsSection,
} from "../../src/vscode/identifiers.ts";
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
    const documents = ["iptables-save", "nftables", "k8snet-capture", "ip-route"].map((language) => ({ language }));
    expect(contributes.breakpoints).toEqual([{ language: languageId }, ...documents]);
    expect(contributes.views.debug.map((view: { id: string }) => view.id)).toEqual([
      stateViewId,
      packetBreakpointsViewId,
    ]);
    expect(contributes.customEditors[0].viewType).toBe(recordingEditorId);
    const declared = contributes.commands.map((one: { command: string }) => one.command);
    expect(declared.sort()).toEqual(Object.values(commandIds).sort());
  });

  it("offers in launch.json the attributes that a session takes, with their defaults", () => {
    const { properties } = debuggerEntry.configurationAttributes.launch;
    const {
      noDebug: _,
      isCapture: __,
      isRecording: ___,
      ...taken
    } = parseLaunchArguments(new Arguments({ program: "x.k8snet" }));
    expect(Object.keys(properties).sort()).toEqual([...Object.keys(taken), "recording"].sort());
    for (const name of ["stopOnEntry", "stopAtEnd", "maxThreads"] as const) {
      expect(properties[name].default, name).toBe(taken[name]);
    }
  });

  it("limits threads by a setting as a session does without one", () => {
    const setting = contributes.configuration.properties[`${threadsSection}.${maximumSetting}`];
    expect(setting.default).toBe(parseLaunchArguments(new Arguments({ program: "x.k8snet" })).maxThreads);
  });

  it("offers for captures the attributes that attach takes, with their defaults", () => {
    const { properties } = debuggerEntry.configurationAttributes.attach;
    const taken = parseAttachArguments(new Arguments({ capture: "x.pcapng" }));
    expect(Object.keys(properties).sort()).toEqual(["capture", "maxThreads", "stopAtEnd", "stopOnEntry"]);
    for (const name of ["stopOnEntry", "stopAtEnd", "maxThreads"] as const)
      expect(properties[name].default, name).toBe(taken[name]);
  });

  it("every file that it names is there", () => {
    const [language] = contributes.languages;
    const named = [manifest.icon, language.configuration, language.icon.light, language.icon.dark];
    named.push(...[...contributes.grammars, ...contributes.snippets].map((one: { path: string }) => one.path));
    named.push(...contributes.views.debug.map((view: { icon: string }) => view.icon));
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it("works where the workspace is virtual or not trusted, but for what runs on the real kernel", () => {
    const { virtualWorkspaces, untrustedWorkspaces } = manifest.capabilities;
    expect([virtualWorkspaces, untrustedWorkspaces.supported]).toEqual([true, "limited"]);
    expect(untrustedWorkspaces.description).toContain("Verify on Linux");
  });

  it("shows Verify on Linux only in a host that can start processes", () => {
    const entries = Object.values<{ command: string; when: string }[]>(contributes.menus).flat();
    const conditions = entries.filter((one) => one.command === commandIds.verifyOnLinux).map((one) => one.when);
    expect(conditions).toHaveLength(2);
    for (const condition of conditions) expect(condition.split(" && ")).toContain(canVerifyContextKey);
  });

  it("is packed with what verify starts", () => {
    const packed = readFileSync(join(root, ".vscodeignore"), "utf8").split("\n");
    expect(packed).toEqual(expect.arrayContaining(["!dist/cli.js", "!dist/program-host.js", "!test/labs/*.k8snet"]));
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
