import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { buildCli } from "../../scripts/build.mjs";
import { temporaryFolder, twoPods } from "./harness.ts";

const files = temporaryFolder();
const bundle = files.path("k8snet.mjs");
const good = files.write("good.k8snet", twoPods('scenario "s" { ping pod1 -> pod2 count 20 }'));

beforeAll(() => buildCli(bundle));

/** The command as a process of its own, as a shell runs it. */
async function shell(args: readonly string[], options: { readonly closeAfter?: number } = {}) {
  const child = start(args);
  let out = "";
  let error = "";
  child.stdout?.on("data", (chunk) => {
    out += chunk;
    if (options.closeAfter !== undefined && out.length >= options.closeAfter) child.stdout?.destroy();
  });
  child.stderr?.on("data", (chunk) => {
    error += chunk;
  });
  const [code] = await once(child, "close");
  return { code, out, error };
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [bundle, ...args], { cwd: join(import.meta.dirname, "../.."), stdio: "pipe" });
}

describe("The command in a shell", () => {
  it("has a version", async () => {
    expect(await shell(["--version"])).toEqual({ code: 0, out: `${manifest.version}\n`, error: "" });
  });

  it("has help that names every command and the exit status", async () => {
    const { code, out } = await shell(["--help"]);
    expect(code).toBe(0);
    for (const word of ["run", "check", "dap", "Exit status"]) expect(out).toContain(word);
  });

  it.each([[[]], [["bogus"]], [["--bogus"]]])("ends with 2 on a command line that means nothing: %j", async (args) => {
    const { code, out, error } = await shell(args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).not.toBe("");
  });

  it("ends quietly when the reader goes away, as with `| head`", async () => {
    const { code, error } = await shell(["run", good], { closeAfter: 100 });
    expect({ code, error }).toEqual({ code: 141, error: "" });
  });

  it.skipIf(process.platform === "win32")("writes all of a long output into a slow pipe", async () => {
    const command = `"${process.execPath}" "${bundle}" run "${good}" --trace json | (sleep 0.5; cat)`;
    const child = spawn("sh", ["-c", command]);
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    await once(child, "close");
    expect(JSON.parse(out.trimEnd().split("\n").at(-1) as string)).toMatchObject({ kind: "result" });
  });

  it.skipIf(process.platform !== "linux")("says that the disk is full", async () => {
    const child = spawn("sh", ["-c", `exec "${process.execPath}" "${bundle}" run "${good}" > /dev/full`]);
    let error = "";
    child.stderr.on("data", (chunk) => {
      error += chunk;
    });
    const [code] = await once(child, "close");
    expect({ code, error }).toEqual({ code: 2, error: "k8snet: error: the output cannot be written (ENOSPC)\n" });
  });

  it("serves the Debug Adapter Protocol on a port of 127.0.0.1", async () => {
    const child = start(["dap", "--port", "0"]);
    const [line] = await once(child.stderr as NodeJS.ReadableStream, "data");
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(String(line))?.[1]);
    const socket = connect(port, "127.0.0.1");
    const request = JSON.stringify({
      seq: 1,
      type: "request",
      command: "initialize",
      arguments: { adapterID: "k8snet" },
    });
    socket.write(`Content-Length: ${request.length}\r\n\r\n${request}`);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toContain('"supportsStepBack":true');
    socket.destroy();
    child.kill();
  });

  it("ends when a client on standard input has disconnected, even one that keeps the pipe open", async () => {
    const child = start(["dap"]);
    const request = JSON.stringify({ seq: 1, type: "request", command: "disconnect", arguments: {} });
    child.stdin?.write(`Content-Length: ${request.length}\r\n\r\n${request}`);
    expect((await once(child, "exit"))[0]).toBe(0);
  });

  it("says that a port is in use", async () => {
    const first = start(["dap", "--port", "0"]);
    const [line] = await once(first.stderr as NodeJS.ReadableStream, "data");
    const port = /127\.0\.0\.1:(\d+)/.exec(String(line))?.[1] as string;
    const { code, error } = await shell(["dap", "--port", port]);
    expect(code).toBe(2);
    expect(error).toContain("this port is in use");
    first.kill();
  });
});
