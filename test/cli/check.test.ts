import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { k8snet, temporaryFolder, twoPods } from "./harness.ts";

const files = temporaryFolder();
const good = files.write("good.k8snet", twoPods('scenario "s" { ping pod1 -> pod2 }'));
const bad = files.write("bad.k8snet", twoPods('scenario "s" { ping pod1 -> pod3 }'));

describe("k8snet check", () => {
  it("says nothing but how many files are good", async () => {
    expect(await k8snet("check", good, good)).toEqual({ code: 0, out: "2 files, no errors\n", error: "" });
  });

  it("prints an error as file:line:col, and ends with 2", async () => {
    const { code, out, error } = await k8snet("check", bad);
    expect(code).toBe(2);
    expect(out).toBe("");
    const [first, ...rest] = error.split("\n");
    expect(first).toMatch(/:7:29: error: .*pod3/);
    expect(first.startsWith(`${bad}:`)).toBe(true);
    expect(rest.at(-2)).toBe("1 of 1 file has errors");
  });

  it("looks at every file, whatever is wrong with another", async () => {
    const { code, error } = await k8snet("check", files.path("missing.k8snet"), bad, good);
    expect(code).toBe(2);
    expect(error).toContain(`${files.path("missing.k8snet")}: error: there is no such file\n`);
    expect(error).toContain(`${bad}:7:29: error: `);
    expect(error).toContain("2 of 3 files have errors\n");
  });

  it("--model proves nothing where there are no pods, and ends with 2", async () => {
    const { code, out, error } = await k8snet("check", "--model", files.write("empty.k8snet", "node node1\n"));
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toContain("There are no pods, so the networking model of Kubernetes says nothing about this file.");
  });

  it("prints several errors in the order of the file", async () => {
    const text = twoPods('scenario "s" { ping pod1 -> nobody', "  ping nothing -> pod2 }");
    const { error } = await k8snet("check", files.write("two.k8snet", text));
    const lines = [...error.matchAll(/:(\d+):\d+: error:/g)].map(([, line]) => Number(line));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines).toEqual(lines.toSorted((a, b) => a - b));
  });

  it("says how to name the files of a directory", async () => {
    mkdirSync(files.path("folder"));
    const { code, error } = await k8snet("check", files.path("folder/"));
    expect(code).toBe(2);
    expect(error).toContain(`this is a directory; name the files in it: ${files.path("folder")}/*.k8snet`);
  });

  it.each([
    ["binary junk", Uint8Array.from({ length: 4096 }, (_, index) => (index * 167 + 13) % 256)],
    ["a file of zeros", new Uint8Array(1000)],
    ["text in UTF-16", Buffer.from("node node1 {\n}\n", "utf16le")],
    ["a Latin-1 text", Buffer.from("# Gr\u00fc\u00dfe\nnode node1 {\n}\n", "latin1")],
  ])("answers %s with an error at a place", async (_, bytes) => {
    const { code, error } = await k8snet("check", files.write("junk.k8snet", bytes));
    expect(code).toBe(2);
    expect(error).toMatch(/junk\.k8snet:\d+:\d+: error: /);
  });

  it("answers 10 MB of text with an error at a place, at once", async () => {
    const text = twoPods("# a comment of forty characters, and more\n".repeat(250_000));
    const { code, error } = await k8snet("check", files.write("large.k8snet", text));
    expect(code).toBe(2);
    expect(error).toMatch(/large\.k8snet:1:1: error: .*characters/);
  });

  it("takes an empty file for what it is: no error, and a hint", async () => {
    const { code, error } = await k8snet("check", files.write("empty.k8snet", ""));
    expect(code).toBe(0);
    expect(error).toMatch(/empty\.k8snet:1:1: note: The file is empty/);
  });

  it("refuses what is not a file", async () => {
    const { code, error } = await k8snet("check", "/dev/zero");
    expect(code).toBe(2);
    expect(error).toContain("/dev/zero: error: this is a device");
  });

  it.skipIf(process.platform === "win32")("reads from a pipe", async () => {
    const pipe = files.path("pipe");
    execFileSync("mkfifo", [pipe]);
    const writing = import("node:fs/promises").then((fs) => fs.writeFile(pipe, twoPods()));
    expect((await k8snet("check", pipe)).code).toBe(0);
    await writing;
  });
});
