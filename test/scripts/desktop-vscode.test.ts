import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openInstalledVscode, runDownloadedVscode } from "../../scripts/lib/desktop-vscode.mjs";

const workspace = { project: "/project", folder: "/project/labs", file: "/project/labs/first.k8snet" };
const log = () => {};
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "k8snet-code-"));
  vi.stubEnv("PATH", "/nowhere");
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A `code` that writes down how it was called. */
function fakeCode(place: string, exitCode = 0): string {
  mkdirSync(place, { recursive: true });
  const called = join(folder, "called");
  writeFileSync(join(place, "code"), `#!/bin/sh\necho "$@" > ${called}\nexit ${exitCode}\n`);
  chmodSync(join(place, "code"), 0o755);
  vi.stubEnv("PATH", `/nowhere:${place}:/bin:/usr/bin`);
  return called;
}

describe.skipIf(process.platform === "win32")("npm start, with `code` on the PATH", () => {
  it("hands it the project as an extension under development, the folder, and the file", async () => {
    const called = fakeCode(folder);
    await openInstalledVscode(workspace, log);
    expect(readFileSync(called, "utf8")).toContain(
      "--extensionDevelopmentPath=/project /project/labs /project/labs/first.k8snet",
    );
  });

  it("says so when there is none, or it fails, for another way to be tried", async () => {
    await expect(openInstalledVscode(workspace, log)).rejects.toThrow("There is no `code` on the PATH.");
    fakeCode(folder, 3);
    await expect(openInstalledVscode(workspace, log)).rejects.toThrow("ended with exit code 3");
  });

  it("does not use the `code` of a remote window, which cannot load an extension under development", async () => {
    fakeCode(join(folder, "remote-cli"));
    await expect(openInstalledVscode(workspace, log)).rejects.toThrow("remote window");
  });
});

describe.skipIf(process.platform !== "linux")("npm start, without a display", () => {
  it("downloads nothing", async () => {
    vi.stubEnv("DISPLAY", "");
    vi.stubEnv("WAYLAND_DISPLAY", "");
    await expect(runDownloadedVscode(workspace, log)).rejects.toThrow("There is no display");
  });
});
