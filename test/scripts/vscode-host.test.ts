import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { freePort } from "../../scripts/vscode-host.mjs";

describe("The port of the browser VS Code", () => {
  it("is the next one when the wanted one is in use", async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, "127.0.0.1", listening));
    const { port } = other.address() as { port: number };
    expect(await freePort(port)).toBeGreaterThan(port);
    await new Promise((closed) => other.close(closed));
    expect(await freePort(port)).toBe(port);
  });
});
