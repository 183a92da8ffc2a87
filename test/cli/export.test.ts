import { expect, it } from "vitest";
import { k8snet, temporaryFolder } from "./harness.ts";

const files = temporaryFolder();

it("refuses what Linux has no twin of, by its name and place", async () => {
  const file = files.write("lan.k8snet", 'netns h1\nhub lan { station h1/eth0 }\nscenario "s" { wait 1s }\n');
  const { code, out, error } = await k8snet("export", file, "--to", "sh");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toContain("lan.k8snet:2:1: error: hub lan: Linux has no twin of a half-duplex segment");
});
