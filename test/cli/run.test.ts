import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readPcapng } from "../../src/wire/pcapng-reader.ts";
import { k8snet, temporaryFolder, twoPods } from "./harness.ts";

const files = temporaryFolder();
const ping = 'scenario "ping" { ping pod1 -> pod2; expect reply.received }';
const web = 'scenario "web" { curl pod1 -> http://pod2:8080/; expect response.status == 200 }';
const wrong = 'scenario "wrong" { ping pod1 -> pod2; expect reply.ttl == 1 }';
const good = files.write("good.k8snet", twoPods(ping, web));
const failing = files.write("failing.k8snet", twoPods(ping, wrong));

describe("k8snet run", () => {
  it("runs all scenarios in the order of the file", async () => {
    const { code, out } = await k8snet("run", good, "--trace", "none");
    expect(code).toBe(0);
    expect(out.match(/^scenario ".*$/gm)).toEqual([
      'scenario "ping": 1 expectation held',
      'scenario "web": 1 expectation held',
    ]);
  });

  it("lives a saved run again: its scenario, its seed, its edits", async () => {
    const program = { path: "good.k8snet", text: twoPods(ping, web) };
    const edit = { do: "set", data: "dev:pod2/eth0#state", value: "DOWN" };
    const recording = {
      format: "k8snetrun",
      version: 1,
      program,
      imports: [],
      scenario: "ping",
      seed: 3,
      position: 9,
      state: "",
    };
    const save = (edits: readonly object[]) => files.write("good.k8snetrun", JSON.stringify({ ...recording, edits }));
    const untouched = await k8snet("run", save([]), "--trace", "none");
    expect([untouched.code, untouched.error]).toEqual([0, ""]);
    expect(untouched.out).toContain('scenario "ping": 1 expectation held');
    const edited = await k8snet("run", save([{ position: 9, edit }]), "--trace", "none");
    expect([edited.code, edited.error]).toEqual([1, expect.stringContaining("failed: expect reply.received")]);
    const late = await k8snet("run", save([{ position: 99_999, edit }]), "--trace", "none");
    expect([late.code, late.error]).toEqual([
      2,
      expect.stringContaining("it goes on to event 99999, and this run is over after"),
    ]);
    const cut = await k8snet("run", files.write("cut.k8snetrun", '{"format": "k8snetrun", '));
    expect([cut.code, cut.error]).toEqual([
      2,
      expect.stringContaining("error: The recording ends too early: the file was cut."),
    ]);
    expect((await k8snet("run", save([]), "--seed", "4")).error).toContain("a seed of its own");
  });

  it("runs one scenario by name", async () => {
    const { out } = await k8snet("run", good, "--scenario", "web", "--trace", "none");
    expect(out.match(/^scenario "\w+"/gm)).toEqual(['scenario "web"']);
  });

  it("ends with 1 when an expectation fails, and says which and where", async () => {
    const { code, out, error } = await k8snet("run", failing, "--trace", "none");
    expect(code).toBe(1);
    expect(error).toMatch(/failing\.k8snet:8:\d+: failed: expect reply\.ttl == 1/);
    expect(out).toContain('scenario "wrong": 1 of 1 expectation failed\n');
  });

  it("says why an expectation failed: what was lost, what was tried, and the change that lets it pass", async () => {
    const off =
      'scenario "off" { iptables -n node1 -A FORWARD -s 10.244.0.2 -j DROP; ping pod1 -> pod2; expect reply.received }';
    const { out } = await k8snet("run", files.write("why.k8snet", twoPods(off)), "--trace", "none");
    expect(out).toContain('why: "expect reply.received"');
    expect(out).toContain("filter FORWARD rule 1: -s 10.244.0.2/32 -j DROP — matched");
    expect(out).toContain('tried: with it, "expect reply.received" holds');
  });

  it("goes on with the next scenario after one that failed", async () => {
    const file = files.write("order.k8snet", twoPods(wrong, ping));
    const { code, out } = await k8snet("run", file, "--trace", "none");
    expect(code).toBe(1);
    expect(out).toContain('scenario "ping": 1 expectation held\n');
  });

  it.each([
    [
      "an unknown scenario",
      [good, "--scenario", "nope"],
      /There is no scenario called "nope"\. There is "ping", "web"/,
    ],
    ["a file without scenarios", [files.write("none.k8snet", twoPods())], /no scenario/],
    ["a broken file", [files.write("broken.k8snet", twoPods('scenario "s" { ping pod1 -> x }'))], /:7:29: error: /],
    ["a missing file", [files.path("missing.k8snet")], /missing\.k8snet: error: there is no such file/],
    ["a seed that is none", [good, "--seed", "-1"], /--seed/],
    ["a seed that is too large", [good, "--seed", "4294967296"], /from 0 to 4294967295/],
    ["an unknown trace", [good, "--trace", "xml"], /text, json, none/],
    ["an unknown option", [good, "--fast"], /unknown option '--fast'/],
    ["no file", [], /missing required argument 'file'/],
    ["a second file", [good, good], /too many arguments/],
  ])("ends with 2 on %s", async (_, args, message) => {
    const { code, out, error } = await k8snet("run", ...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toMatch(message);
    expect(error).not.toMatch(/^\s+at /m);
  });
});

describe("--trace", () => {
  it("text, the default, has a line for each stage: time, packet, stage, place, content", async () => {
    const { out } = await k8snet("run", good, "--scenario", "ping");
    expect(out).toMatch(/^ +0\.\d{6} #\d+ +arp\.request +pod1\/eth0 +ARP who-has/m);
    expect(out).toMatch(/^ +0\.\d{6} #\d+ +bridge\.flood +node1\/cbr0 +ARP who-has/m);
    expect(out).toContain('== scenario "ping"\n== ping pod1 -> pod2\n');
  });

  it("json has one object in each line and nothing else on standard output", async () => {
    const { out } = await k8snet("run", good, "--trace", "json");
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const kinds = new Set(rows.map((row) => row.kind));
    expect([...kinds].toSorted()).toEqual(["event", "output", "result", "statement"]);
    expect(rows.filter((row) => row.kind === "result")).toEqual([
      { scenario: "ping", kind: "result", held: 1, failed: 0 },
      { scenario: "web", kind: "result", held: 1, failed: 0 },
    ]);
    const asked = rows.find((row) => row.stage === "arp.request");
    expect(asked).toMatchObject({
      scenario: "ping",
      place: "pod1/eth0",
      timeNs: 0,
      packet: expect.stringMatching(/^#/),
    });
  });

  it("json says on standard error, too, what failed", async () => {
    const { error } = await k8snet("run", failing, "--trace", "json");
    expect(error).toMatch(/:8:\d+: failed: /);
  });

  it("prints the same bytes for the same seed", async () => {
    const runs = await Promise.all([7, 7, 8].map((seed) => k8snet("run", good, "--seed", String(seed))));
    expect(runs[0].out).toBe(runs[1].out);
    expect(runs[0].out).not.toBe(runs[2].out);
  });
});

describe("--frames", () => {
  it("prints frames per interface on standard output, all else on standard error", async () => {
    const { code, out, error } = await k8snet("run", failing, "--frames");
    expect(code).toBe(1);
    for (const line of out.trimEnd().split("\n"))
      expect(line).toMatch(/^(# |== |(pod1|pod2|node1)\/\w+ (in|out) (ARP|IP) )/);
    expect(out).toMatch(/^pod1\/eth0 out ARP who-has .* \[.* > ff:ff:ff:ff:ff:ff\]$/m);
    expect(error).toContain("1 packets transmitted, 1 received");
    expect(error).toMatch(/failed: expect reply\.ttl == 1/);
    expect(error).toContain('scenario "ping": 1 expectation held\n');
  });

  it("shows the ports that the file names, and * for those the kernel chose", async () => {
    const { out } = await k8snet("run", good, "--frames", "--scenario", "web");
    expect(out).toMatch(/TCP \* > 8080 \[S\] seq=0 /);
    expect(out).toMatch(/TCP 8080 > \* \[SA\] seq=0 ack=1 /);
  });
});

describe("--pcap", () => {
  it("writes one interface block for each interface, and every frame with its direction", async () => {
    const path = files.path("out.pcapng");
    const { out } = await k8snet("run", good, "--frames", "--pcap", path);
    const capture = readPcapng(readFileSync(path));
    const names = capture.interfaces.map(({ name }) => name);
    expect(names.toSorted()).toEqual([
      ...["node1/cbr0", "node1/eth0", "node1/lo", "node1/veth1", "node1/veth2"].filter((name) => names.includes(name)),
      ...["pod1/eth0", "pod1/lo", "pod2/eth0", "pod2/lo"],
    ]);
    const lines = out.split("\n").filter((line) => /^\S+ (in|out) /.test(line));
    expect(capture.packets.map((packet) => `${names[packet.interfaceIndex]} ${packet.direction}`)).toEqual(
      lines.map((line) => line.split(" ").slice(0, 2).join(" ")),
    );
  });

  it("refuses to replace the file that runs", async () => {
    const before = readFileSync(good);
    const { code, error } = await k8snet("run", good, "--pcap", good);
    expect(code).toBe(2);
    expect(error).toContain("the capture would replace it");
    expect(readFileSync(good)).toEqual(before);
  });

  it.each([
    ["a folder that is not there", files.path("nowhere/out.pcapng"), "cannot be written (ENOENT)"],
    ["a directory", files.path("."), "this is a directory"],
  ])("ends with 2 on %s", async (_, path, message) => {
    const { code, error } = await k8snet("run", good, "--pcap", path);
    expect(code).toBe(2);
    expect(error).toContain(message);
  });

  it("leaves an older capture alone when the file is bad", async () => {
    const path = files.write("older.pcapng", "older");
    await k8snet("run", files.write("broken.k8snet", "node {{{"), "--pcap", path);
    expect(existsSync(path) && readFileSync(path, "utf8")).toBe("older");
    writeFileSync(path, "");
  });
});
