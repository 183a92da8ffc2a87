import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { serveDap } from "../../src/cli/dap.ts";
import type { OpenLab } from "../../src/debug/server.ts";
import { messageCheck } from "./dap-schema.ts";
import { RecordedClient } from "./recorded-client.ts";
import { transcript } from "./transcript.ts";

export interface Harness {
  /** A new client, connected; after the test all its messages are checked against the protocol's schema. */
  connect(options?: { readonly sendsNonsense?: boolean }): Promise<RecordedClient>;
  /** A client whose program is open: everything up to, and without, `configurationDone`. */
  open(launch: object, options?: { readonly sendsNonsense?: boolean }): Promise<RecordedClient>;
  /** Writes a program for this test file and returns its path. */
  program(text: string, name?: string): string;
  transcriptOf(client: RecordedClient, from?: number): string;
}

/** One server for a test file, as `k8snet dap --port` starts it; with a fake lab if one is given. */
export function dapHarness(openLab?: OpenLab): Harness {
  const folder = mkdtempSync(join(tmpdir(), "k8snet-dap-"));
  const check = messageCheck();
  const stop = new AbortController();
  let clients: { readonly client: RecordedClient; readonly sendsNonsense: boolean }[] = [];
  let served: Promise<void>;
  let port = 0;

  beforeAll(async () => {
    port = await new Promise((listening) => {
      served = serveDap({ port: 0, openLab, signal: stop.signal, onListening: listening });
    });
  });
  afterAll(async () => {
    stop.abort();
    await served;
    rmSync(folder, { recursive: true });
  });
  afterEach(async () => {
    const finished = clients;
    clients = [];
    for (const { client, sendsNonsense } of finished) {
      await client.leave();
      expect(client.complaints(check, () => sendsNonsense)).toEqual([]);
    }
  });

  async function connect({ sendsNonsense = false } = {}): Promise<RecordedClient> {
    const client = new RecordedClient();
    await client.start(port);
    clients.push({ client, sendsNonsense });
    return client;
  }

  return {
    connect,
    async open(launch, options) {
      const client = await connect(options);
      await client.launch(launch as DebugProtocol.LaunchRequestArguments);
      await client.event("initialized", 0);
      return client;
    },
    program(text, name = "fake.k8snet") {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
    transcriptOf: (client, from = 0) => transcript(client.recorded.slice(from), { [folder]: "DIR" }),
  };
}
