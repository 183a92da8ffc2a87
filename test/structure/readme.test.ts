import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { compile } from "../../src/language/compile.ts";
import { stageNames } from "../../src/linux/stage.ts";

const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```/gms)].map(([, language, text]) => ({ language, text }));

describe("What the README shows works when it is pasted", () => {
  it("has examples of everything", () => {
    expect(blocks.map(({ language }) => language)).toEqual(["sh", "sh", "json", "text", "", "", "", "", "", "", "sh"]);
  });

  it.each(blocks.filter(({ language }) => language === ""))("the network $# has no errors", async ({ text }) => {
    const { diagnostics, plan } = await compile(text, "file:///readme.k8snet");
    expect(diagnostics).toEqual([]);
    expect(plan.scenarios).toHaveLength(1);
  });

  it("the launch configuration uses attributes that the extension declares", () => {
    const launch = JSON.parse(blocks.find(({ language }) => language === "json")?.text ?? "");
    const [{ type, configurationAttributes }] = manifest.contributes.debuggers;
    const declared = [...Object.keys(configurationAttributes.launch.properties), "type", "request", "name"];
    expect(launch.type).toBe(type);
    expect(Object.keys(launch).filter((key) => !declared.includes(key))).toEqual([]);
  });

  it("stages that it names are there", () => {
    const table = readme.slice(readme.indexOf("| stages |"), readme.indexOf("### Launch configurations"));
    const names = [...table.matchAll(/`([a-z.-]+)`/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !stageNames.includes(name))).toEqual([]);
  });

  it("npm scripts that it names are there", () => {
    const names = [...readme.matchAll(/`npm run ([\w:]+)/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !(name in manifest.scripts))).toEqual([]);
  });
});
