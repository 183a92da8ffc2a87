import { spawn, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { compileSync } from "../../../src/language/compile.ts";
import { Children } from "../../../src/netns/children.ts";
import { RealNetwork } from "../../../src/netns/namespaces.ts";
import { comparable, consoleLab, consoleText, questions, questionsAfterPing, say } from "./console-lab.ts";

const version = (program: string, option: string) => spawnSync(program, [option], { encoding: "utf8" }).stdout ?? "";
const isPossible =
  process.getuid?.() === 0 &&
  version("ip", "-V").includes("iproute2-6.1.") &&
  version("iptables", "--version").includes("v1.8.9 (nf_tables)") &&
  version("conntrack", "--version").includes("v1.4.7");
if (!isPossible)
  console.warn(
    "The console is not compared with the real tools: that needs root, iproute2 6.1, iptables 1.8.9 and conntrack 1.4.7.",
  );

const sorted = (text: string) => text.split("\n").sort().join("\n");

test.runIf(isPossible)(
  "the console prints what the real tools print on the same network",
  { timeout: 120_000 },
  async () => {
    const prefix = `k8snet-con${process.pid}-`;
    const network = new RealNetwork(compileSync(consoleText, "console.k8snet").plan, prefix, new Children());
    const real = (line: string): string => {
      const argv = line
        .split(" ")
        .map((word, index, all) =>
          /^-n$|^exec$/.test(all[index - 1] ?? "") && /^(node1|pod\d|nosuch)$/.test(word) ? `${prefix}${word}` : word,
        );
      const { stdout, stderr } = spawnSync(argv[0], argv.slice(1), {
        encoding: "utf8",
        env: { ...process.env, LC_ALL: "C" },
      });
      return `${stdout}${stderr}`.replaceAll(prefix, "");
    };
    try {
      await network.build();
      const lab = consoleLab();
      const isOrdered = (line: string) => !/neigh|fdb/.test(line);
      for (const line of questions) {
        const [one, other] = [comparable(say(lab, line)), comparable(real(line))];
        expect.soft(isOrdered(line) ? one : sorted(one), line).toBe(isOrdered(line) ? other : sorted(other));
      }
      const listen = `require("net").createServer().listen({ port: 8080, host: "0.0.0.0", backlog: 4096 }, () => console.log("up"))`;
      const server = spawn("ip", ["netns", "exec", `${prefix}pod2`, process.execPath, "-e", listen]);
      await new Promise((up) => server.stdout.once("data", up));
      expect(real("ip netns exec pod1 ping -c1 10.244.1.9")).toContain("1 received");
      const pinged = consoleLab("ping");
      while (pinged.run(1000));
      for (const line of questionsAfterPing)
        expect.soft(sorted(comparable(say(pinged, line))), line).toBe(sorted(comparable(real(line))));
      server.kill();
    } finally {
      network.remove();
    }
  },
);
