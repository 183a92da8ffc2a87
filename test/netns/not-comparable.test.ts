import { expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import { reasonNotToRun } from "../../src/netns/simulated-run.ts";

test("what Linux has no twin of is named, instead of compared", () => {
  const { plan } = compileSync('netns h1\nhub lan { station h1/eth0 }\nscenario "s" { wait 1s }', "lan.k8snet");
  expect(reasonNotToRun(plan, plan.scenarios[0])).toBe("hub lan: Linux has no twin of a half-duplex segment");
});

test("what holds for the whole machine is named, instead of set", () => {
  const text = 'netns h1\nscenario "s" { sysctl h1 net.ipv4.neigh.default.gc_thresh1=1 }';
  const { plan } = compileSync(text, "limit.k8snet");
  expect(reasonNotToRun(plan, plan.scenarios[0])).toBe(
    "it sets net.ipv4.neigh.default.gc_thresh1, which is one for the whole machine",
  );
});
