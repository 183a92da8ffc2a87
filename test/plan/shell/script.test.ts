import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileSync } from "../../../src/language/compile.ts";
import { commandLine } from "../../../src/plan/shell/quote.ts";
import { scriptPrefix, shellScript } from "../../../src/plan/shell/script.ts";

const labs = new URL("../../labs/", import.meta.url);

function script(name: string, text = readFileSync(new URL(name, labs), "utf8")): string {
  const { plan } = compileSync(text, `file:///labs/${name}`);
  return [...shellScript(plan, { fileName: name, writtenBy: "k8snet" })].join("");
}

/** What `sh -n` complains of. */
function complaints(text: string): string {
  return spawnSync("sh", ["-n"], { input: text, encoding: "utf8" }).stderr;
}

describe("The plan as a shell script", () => {
  test("namespaces and cables by hand", async () => {
    await expect(script("raw-veth.k8snet")).toMatchFileSnapshot("golden/raw-veth.sh");
  });

  test("two pods on a node", async () => {
    await expect(script("same-node-ping.k8snet")).toMatchFileSnapshot("golden/same-node-ping.sh");
  });

  test.each(readdirSync(labs).filter((name) => name.endsWith(".k8snet")))("a shell can read that of %s", (name) => {
    expect(complaints(script(name))).toBe("");
  });

  test("strange names cannot break out of it", () => {
    const text = script("$(touch x)'\n.k8snet", 'netns a\nscenario "$(id) \'; rm -rf /" { wait 1s }');
    expect(complaints(text)).toBe("");
    const commandLines = text.split("\n").filter((line) => !/^\s*#/.test(line));
    expect(commandLines.join("\n")).not.toMatch(/touch x|rm -rf/);
  });

  test("a pod's own resolv.conf is where ip netns exec looks for it, and goes with the namespace", () => {
    const text = script("dns.k8snet");
    expect(text).toContain(`  resolv_conf k8snet-dns-client <<'END'
search default.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5
END
`);
    expect(text).toContain('rm -f "/etc/netns/$name/resolv.conf"');
    expect(script("same-node-ping.k8snet")).not.toContain("/etc/netns");
  });

  test("says what it needs: a module, where a plan needs it", () => {
    expect(script("same-node-ping.k8snet")).toContain("br_netfilter");
    expect(script("raw-veth.k8snet")).not.toContain("br_netfilter");
  });

  test("without root it says so and makes nothing", () => {
    const isRoot = process.getuid?.() === 0;
    // Nobody: the user that Linux reserves for those who may do nothing.
    const identity = isRoot ? { uid: 65534, gid: 65534 } : {};
    const result = spawnSync("sh", ["-s", "up"], { input: script("raw-veth.k8snet"), encoding: "utf8", ...identity });
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(/this needs (root|Linux)/);
  });

  test("the prefix is never one of a verification, which has a dot in it", () => {
    expect(scriptPrefix("Two pods.k8snet")).toBe("k8snet-two-pods-k8snet-");
    expect(scriptPrefix("run12.34")).toBe("k8snet-run12-34-");
    expect(scriptPrefix("…")).toBe("k8snet-network-");
  });
});

test.each(["plain", "two words", "it's", "$HOME", "a;b", "`id`", "", "*", "back\\slash"])(
  "a shell reads the word %j as it is",
  (word) => {
    const line = commandLine(["printf", "%s|", word, "end"]);
    expect(execFileSync("sh", ["-c", line], { encoding: "utf8" })).toBe(`${word}|end|`);
  },
);
