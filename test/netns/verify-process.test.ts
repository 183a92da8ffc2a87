import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { startVerify } from "../../src/netns/verify-process.ts";

const folder = mkdtempSync(join(tmpdir(), "k8snet-verify-process-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** In place of the command line. */
function program(text: string): string {
  const file = join(folder, "cli.mjs");
  writeFileSync(file, text);
  return file;
}

test("names reach the command line as they are: no shell reads them, and none is taken for an option", async () => {
  const cli = program("console.log(JSON.stringify(process.argv.slice(2)));");
  const request = { file: "--keep $(id) `id`; x.k8snet", scenario: '-1 "ping" & 2' };
  const { status, out } = await startVerify(cli, request, () => {}).ended;
  expect(status).toBe(0);
  expect(JSON.parse(out)).toEqual(["verify", '--scenario=-1 "ping" & 2', "--", "--keep $(id) `id`; x.k8snet"]);
});

test("Electron is asked to be Node, also for what the command starts", async () => {
  const cli = program("console.log(process.env.ELECTRON_RUN_AS_NODE);");
  expect((await startVerify(cli, { file: "x" }, () => {}).ended).out).toBe("1\n");
});

test("both streams are heard as they come, and kept apart", async () => {
  const cli = program(
    'process.stdout.write("“equal”\\n"); process.stderr.write("left behind\\n"); process.exitCode = 2;',
  );
  let heard = "";
  const end = await startVerify(cli, { file: "x" }, (text) => {
    heard += text;
  }).ended;
  expect(end).toEqual({ status: 2, out: "“equal”\n", error: "left behind\n" });
  expect(heard).toContain("“equal”\n");
  expect(heard).toContain("left behind\n");
});

test("it is cancelled as by Ctrl-C, and may clean up", async () => {
  const cli = program(
    'process.on("SIGINT", () => { console.log("removed"); process.exit(130); }); setInterval(() => {}, 1e6); console.log("ready");',
  );
  let ready = () => {};
  const isReady = new Promise<void>((done) => {
    ready = done;
  });
  const running = startVerify(cli, { file: "x" }, () => ready());
  await isReady;
  running.cancel();
  expect(await running.ended).toEqual({ status: 130, out: "ready\nremoved\n", error: "" });
});
