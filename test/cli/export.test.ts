import { describe, expect, it } from "vitest";
import { k8snet, temporaryFolder } from "./harness.ts";

const files = temporaryFolder();

it("refuses what Linux has no twin of, by its name and place", async () => {
  const file = files.write("lan.k8snet", 'netns h1\nhub lan { station h1/eth0 }\nscenario "s" { wait 1s }\n');
  const { code, out, error } = await k8snet("export", file, "--to", "sh");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toContain("lan.k8snet:2:1: error: hub lan: Linux has no twin of a half-duplex segment");
});

describe("k8snet export --to k8snet", () => {
  it("prints a file of the low level, whose scenarios run", async () => {
    const low = files.write("low.k8snet", (await k8snet("export", "test/labs/egress.k8snet", "--to", "k8snet")).out);
    const { code, error } = await k8snet("run", low, "--trace", "none");
    expect([code, error]).toEqual([0, ""]);
  });

  it("says what the low level has no words for, at its line", async () => {
    const file = "test/labs/dns.k8snet";
    const { code, out, error } = await k8snet("export", file, "--to", "k8snet");
    expect([code, out]).toEqual([2, ""]);
    expect(error).toContain("error: The low level has no words for a server of kind dns.");
  });
});
