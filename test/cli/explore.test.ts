import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { k8snet, temporaryFolder, twoPods } from "./harness.ts";

const files = temporaryFolder();
const race = fileURLToPath(import.meta.resolve("../labs/races/source-port-race.k8snet"));
const ping = files.write("ping.k8snet", twoPods('scenario "ping" { ping pod1 -> pod2; expect reply.received }'));

describe("k8snet explore", () => {
  it("finds the order that fails, and saves a recording that run lives again", async () => {
    const saved = files.path("race.k8snetrun");
    const { code, out } = await k8snet("explore", race, "--depth", "1", "--out", saved);
    expect(code).toBe(1);
    expect(out).toMatch(
      /scenario "both ask at once": an expectation fails \(\d+ runs\)\n {2}event \d+: veth\.receive of #15/,
    );
    expect(JSON.parse(readFileSync(saved, "utf8")).edits).toHaveLength(1);
    const again = await k8snet("run", saved, "--trace", "none");
    expect(again.code).toBe(1);
    expect(again.out).toContain("CONNTRACK_CLASH");
    expect((await k8snet("run", race, "--trace", "none")).code).toBe(0);
  });

  it("finds in the gallery how A and AAAA of one socket lose their race: the second one comes before the first is through", async () => {
    const lab = fileURLToPath(import.meta.resolve("../labs/gallery/dns-race.k8snet"));
    const saved = files.path("dns-race.k8snetrun");
    const scenario = ["--scenario", "both at once, and nobody waits for ARP"];
    expect((await k8snet("run", lab, ...scenario, "--trace", "none")).code).toBe(0);
    const { code, out } = await k8snet("explore", lab, ...scenario, "--out", saved);
    expect(code).toBe(1);
    const choices = out.split("\n").filter((line) => / before /.test(line));
    expect(choices, "the shortest run has one choice").toEqual([
      expect.stringMatching(/^ {2}event \d+: veth\.receive of #\d+ @ node1\/veth1 before nf\.rule of #\d+ @ node1$/),
    ]);
    expect(out).toMatch(/failed: expect answer\.timeMs < 5000\.0 — answer\.timeMs is 5\d{3}\./);
    const again = await k8snet("run", saved, "--trace", "none");
    expect(again.code).toBe(1);
    expect(again.out).toMatch(/dropped, NO_SOCKET: the socket of udp port \d+ talks with 10\.96\.0\.10:53/);
  });

  it("ends with 0 where no order fails, and says how much it tried", async () => {
    const { code, out } = await k8snet("explore", ping);
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^scenario "ping": \d+ runs?, none of the orders fails\n$/),
    });
  });

  it("lets links lose packets where asked to", async () => {
    const { code, out } = await k8snet("explore", ping, "--loss", "1", "--out", files.path("loss.k8snetrun"));
    expect(code).toBe(1);
    expect(out).toContain(": lost, veth.receive of #");
  });

  it("refuses numbers that are none, unknown scenarios and recordings that cannot be written", async () => {
    expect((await k8snet("explore", ping, "--depth", "-1")).error).toContain("whole number");
    expect((await k8snet("explore", ping, "--scenario", "nope")).error).toContain('no scenario called "nope"');
    const nowhere = files.path("missing/x.k8snetrun");
    const { code, error } = await k8snet("explore", ping, "--loss", "1", "--out", nowhere);
    expect({ code, error }).toEqual({
      code: 2,
      error: `${nowhere}: error: the recording cannot be written (ENOENT)\n`,
    });
  });
});
