import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TcpdumpPrinter } from "../../src/config/tcpdump-text.ts";
import type { TappedFrame } from "../../src/lab/observe.ts";
import { type EthernetFrame, emitFrame } from "../../src/wire/ethernet.ts";
import { pcapngInterface, pcapngPacket, pcapngSection } from "../../src/wire/pcapng.ts";
import { labText, openText, scenariosOf } from "../lab/run-lab.ts";

const version = spawnSync("tcpdump", ["--version"], { encoding: "utf8" });
const isPossible = `${version.stdout}${version.stderr}`.includes("tcpdump version 4.99");
if (!isPossible) console.warn("What tcpdump prints is not compared with the real one: that needs tcpdump 4.99.");

const folder = mkdtempSync(join(tmpdir(), "k8snet-tcpdump-"));
afterAll(() => rmSync(folder, { recursive: true }));

const labs = [
  ..."same-node-ping refused-tcp raw-veth cni-vxlan egress router-and-host dns".split(" "),
  ..."09-ttl 14-reject 16-closed-ports 17a-gratuitous-arp 10a-clusterip-same-node 08-vxlan"
    .split(" ")
    .map((name) => `kernel/${name}`),
];

/** What a lab's interfaces see, each by itself: sequence numbers count from what one capture has seen. */
function framesOf(text: string): ReadonlyMap<string, readonly EthernetFrame[]> {
  const frames = new Map<string, EthernetFrame[]>();
  const see = ({ device, frame }: TappedFrame) => frames.set(device, [...(frames.get(device) ?? []), frame]);
  for (const scenario of scenariosOf(text)) {
    const lab = openText(text, scenario);
    while (lab.run(10_000, (event) => event.frame !== undefined && see(event.frame)));
  }
  return frames;
}

function real(frames: readonly EthernetFrame[], options: string): string {
  const file = join(folder, "one.pcapng");
  const blocks = frames.map((frame) => pcapngPacket(0, 0, "in", emitFrame(frame)));
  writeFileSync(file, Buffer.concat([pcapngSection(), pcapngInterface("eth0"), ...blocks]));
  return spawnSync("tcpdump", [options, "-r", file], { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } }).stdout;
}

test.runIf(isPossible).each(labs)("frames of %s are printed as tcpdump -n prints them", (name) => {
  for (const [device, frames] of framesOf(labText(name))) {
    for (const [options, link, absolute] of [
      ["-nt", false, false],
      ["-nteS", true, true],
    ] as const) {
      const printer = new TcpdumpPrinter({ link, absolute });
      const lines = frames.map((frame) => `${printer.print(frame)}\n`).join("");
      expect.soft(lines, `${device} ${options}`).toBe(real(frames, options));
    }
  }
});
