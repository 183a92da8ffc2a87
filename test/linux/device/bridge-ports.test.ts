import { expect, test } from "vitest";
import { makeWorld } from "../../../src/linux/register.ts";
import { SetUp } from "../../../src/linux/setup/apply.ts";

const source = { uri: "lab.k8snet", line: 1, column: 1, endLine: 1, endColumn: 1 };

test("a bridge takes 1,023 ports; Linux refuses the next one with these words", () => {
  const setUp = new SetUp(makeWorld({ seed: 0, historyBytes: 1 << 20 }), () => {
    throw new Error("nobody listens here");
  });
  setUp.apply({ do: "node add", node: "n", source });
  setUp.apply({ do: "netns add", netns: "n", node: "n", role: "node", source });
  setUp.apply({ do: "bridge add", netns: "n", dev: "br0", source });
  const failures: unknown[] = [];
  for (let i = 0; i < 512; i++) {
    setUp.apply({ do: "veth add", netns: "n", dev: `a${i}`, peerNetns: "n", peerDev: `b${i}`, source });
    for (const dev of [`a${i}`, `b${i}`]) {
      const failure = setUp.apply({ do: "link set", netns: "n", dev, master: "br0", source });
      if (failure !== undefined) failures.push([dev, failure]);
    }
  }
  expect(failures).toEqual([["b511", "RTNETLINK answers: Exchange full"]]);
});
