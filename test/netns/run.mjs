/**
 * The simulated kernel against the real one: `k8snet verify` of the recorded scenarios and of the samples, and what it leaves
 * behind when it is interrupted. Needs root on Linux; elsewhere it only checks that verify says so.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const projectFolder = fileURLToPath(new URL("../..", import.meta.url));
const cli = join(projectFolder, "dist/cli.js");
const netnsFolder = "/run/netns";

/** @typedef {{ code: number | null, out: string, error: string }} Ended */

/** @param {readonly string[]} args @param {NodeJS.ProcessEnv} env @returns {Promise<Ended>} */
function k8snet(args, env = process.env) {
  return new Promise((done) => {
    const options = { cwd: projectFolder, env };
    const child = spawn(process.execPath, [cli, ...args], { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let [out, error] = ["", ""];
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (error += text));
    child.on("close", (code) => done({ code, out, error }));
  });
}

/** @param {string} folder */
function labsIn(folder) {
  return readdirSync(join(projectFolder, folder))
    .filter((name) => name.endsWith(".k8snet"))
    .map((name) => join(folder, name));
}

/** Namespaces that only k8snet makes. */
function namespaces() {
  try {
    return readdirSync(netnsFolder).filter((name) => name.startsWith("k8snet-"));
  } catch {
    return [];
  }
}

/** Those of runs that have ended. */
function orphans() {
  return namespaces().filter((name) => {
    const owner = /^k8snet-run(\d+)\./.exec(name)?.[1];
    return owner !== undefined && !existsSync(`/proc/${owner}`);
  });
}

/** @param {boolean} condition @param {string} message */
function check(condition, message) {
  if (!condition) throw new Error(message);
}

/** @param {() => boolean} condition @param {string} what */
async function eventually(condition, what) {
  for (let tries = 0; tries < 100; tries++) {
    if (condition()) return;
    await new Promise((next) => setTimeout(next, 100));
  }
  throw new Error(`${what}, and it did not within 10 s`);
}

/** Starts a verification, and resolves when it has made its namespaces. */
async function startVerification() {
  const args = [cli, "verify", "test/labs/kernel/02-same-node-warm.k8snet"];
  const child = spawn(process.execPath, args, { cwd: projectFolder, stdio: "ignore" });
  const ended = new Promise((done) => child.on("close", (code, signal) => done(signal ?? code)));
  const mine = () => namespaces().filter((name) => name.startsWith(`k8snet-run${child.pid}.`));
  await eventually(() => mine().length === 3, "it was to make its namespaces");
  return { child, ended, mine };
}

/** @param {string} lab @returns {[string, () => Promise<void>]} */
function equal(lab) {
  return [
    `${lab}: both kernels do the same`,
    async () => {
      const { code, out, error } = await k8snet(["verify", lab]);
      check(code === 0, `exit status ${code}\n${out}${error}`);
    },
  ];
}

/** @type {readonly [string, () => Promise<void>][]} */
const interruptions = [
  [
    "Ctrl-C removes what it made",
    async () => {
      const { child, ended, mine } = await startVerification();
      child.kill("SIGINT");
      const status = await ended;
      check(status === 130, `exit status ${status}`);
      check(mine().length === 0, `left behind: ${mine()}`);
    },
  ],
  [
    "what a killed run left behind is removed by the next one, and said",
    async () => {
      const { child, ended, mine } = await startVerification();
      child.kill("SIGKILL");
      await ended;
      check(mine().length === 3, "nothing was left behind, so nothing was tried");
      const { code, error } = await k8snet(["verify", "test/labs/kernel/01-same-node-cold.k8snet"]);
      check(code === 0, `exit status ${code}\n${error}`);
      check(error.includes("left behind"), error);
      check(mine().length === 0, `still there: ${mine()}`);
    },
  ],
  [
    "--keep leaves namespaces and captures, and says how to remove them",
    async () => {
      const { code, out } = await k8snet(["verify", "--keep", "test/labs/kernel/01-same-node-cold.k8snet"]);
      const kept = [...out.matchAll(/ip netns del (\S+)/g)].map((match) => match[1]);
      for (const name of kept) spawnSync("ip", ["netns", "del", name]);
      check(code === 0 && kept.length === 3, out);
      const folder = /captures kept in (\S+)/.exec(out)?.[1] ?? "";
      const captured = readFileSync(join(folder, "pod1.eth0.out.pcap")).length;
      rmSync(folder, { recursive: true });
      // The file's own header has 24 bytes.
      check(captured > 24, "the capture of pod1 is empty");
    },
  ],
  [
    "the exported script builds the network, and removes it; twice over, it complains",
    async () => {
      const { out } = await k8snet(["export", "test/labs/raw-veth.k8snet", "--to", "sh"]);
      const sh = (/** @type {string[]} */ ...args) =>
        spawnSync("sh", ["-s", ...args], { input: out, encoding: "utf8" });
      try {
        check(sh("up").status === 0, "up failed");
        const ping = spawnSync("ip", ["netns", "exec", "k8snet-raw-veth-h1", "ping", "-c1", "10.0.2.2"]);
        check(ping.status === 0, String(ping.stdout));
        const again = sh("up");
        check(again.status === 2 && again.stderr.includes("already"), again.stderr);
      } finally {
        sh("down");
      }
      check(!namespaces().some((name) => name.startsWith("k8snet-raw-veth-")), "down left something behind");
    },
  ],
  [
    "the exported script gives each pod its resolv.conf, and takes it away with the namespace",
    async () => {
      const { out } = await k8snet(["export", "test/labs/dns.k8snet", "--to", "sh"]);
      const sh = (/** @type {string} */ word) => spawnSync("sh", ["-s", word], { input: out, encoding: "utf8" });
      const own = "/etc/netns/k8snet-dns-client";
      try {
        const up = sh("up");
        check(up.status === 0, up.stderr);
        const cat = ["netns", "exec", "k8snet-dns-client", "cat", "/etc/resolv.conf"];
        const inside = spawnSync("ip", cat, { encoding: "utf8" }).stdout;
        check(inside.includes("nameserver 10.96.0.10\n"), inside);
      } finally {
        sh("down");
      }
      check(!existsSync(own), `${own} was left behind`);
    },
  ],
  [
    "the exported script removes what it made on Ctrl-C",
    async () => {
      const { out } = await k8snet(["export", "test/labs/raw-veth.k8snet", "--to", "sh"]);
      const mine = () => namespaces().filter((name) => name.startsWith("k8snet-raw-veth-"));
      const input = out.replace(
        "  ip -n k8snet-raw-veth-h2 route add",
        "  sleep 60\n  ip -n k8snet-raw-veth-h2 route add",
      );
      // As a terminal does it: the signal goes to the script and to what it has started.
      const child = spawn("sh", ["-s", "up"], { stdio: ["pipe", "ignore", "ignore"], detached: true });
      const ended = new Promise((done) => child.on("close", (code, signal) => done(signal ?? code)));
      child.stdin.end(input);
      await eventually(() => mine().length === 3, "it was to make its namespaces");
      process.kill(-Number(child.pid), "SIGINT");
      const status = await ended;
      check(status === 130, `exit status ${status}`);
      check(mine().length === 0, `left behind: ${mine()}`);
    },
  ],
  [
    "a namespace that is there already is left alone, and said",
    async () => {
      const { out } = await k8snet(["export", "test/labs/raw-veth.k8snet", "--to", "sh"]);
      spawnSync("ip", ["netns", "add", "k8snet-raw-veth-h1"]);
      try {
        const { status, stderr } = spawnSync("sh", ["-s", "up"], { input: out, encoding: "utf8" });
        check(status === 2 && stderr.includes("there is already a namespace k8snet-raw-veth-h1"), stderr);
        check(namespaces().filter((name) => name.startsWith("k8snet-raw-veth-")).length === 1, "it was touched");
      } finally {
        spawnSync("ip", ["netns", "del", "k8snet-raw-veth-h1"]);
      }
    },
  ],
  [
    "what the machine lacks is said, with exit status 2",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "k8snet-path-"));
      try {
        for (const program of ["ip", "bridge", "sysctl", "ethtool", "ping"]) {
          const found = spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).stdout.trim();
          symlinkSync(found, join(folder, program));
        }
        const lab = "test/labs/kernel/01-same-node-cold.k8snet";
        const { code, error } = await k8snet(["verify", lab], { ...process.env, PATH: folder });
        check(code === 2 && error.includes("this needs tcpdump (Debian's tcpdump)"), `exit status ${code}\n${error}`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  ],
  [
    "a kernel without VXLAN is said, with exit status 2, and nothing is left behind",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "k8snet-path-"));
      try {
        // Such a kernel refuses the device as this ip does.
        const ip = spawnSync("sh", ["-c", "command -v ip"], { encoding: "utf8" }).stdout.trim();
        const refusal = 'case " $* " in *" type vxlan "*) echo "Error: Unknown device type." >&2; exit 2;; esac';
        writeFileSync(join(folder, "ip"), `#!/bin/sh\n${refusal}\nexec ${ip} "$@"\n`, { mode: 0o755 });
        const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
        const { code, error } = await k8snet(["verify", "test/labs/kernel/08-vxlan.k8snet"], env);
        check(code === 2 && error.includes("this kernel has no vxlan devices"), `exit status ${code}\n${error}`);
        check(orphans().length === 0, `left behind: ${orphans()}`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  ],
  [
    "a capture that is cut in the middle is said, with exit status 2, and nothing is left behind",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "k8snet-path-"));
      try {
        // tcpdump's last octets are lost, as when a disk is full.
        const tcpdump = spawnSync("sh", ["-c", "command -v tcpdump"], { encoding: "utf8" }).stdout.trim();
        const script = [
          "#!/bin/sh",
          `${tcpdump} "$@" >"$0.$$" & pid=$!`,
          'trap "kill -TERM $pid" INT',
          "wait $pid; wait $pid",
          'head -c 100 "$0.$$"',
          "",
        ].join("\n");
        writeFileSync(join(folder, "tcpdump"), script, { mode: 0o755 });
        const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
        const lab = "test/labs/kernel/01-same-node-cold.k8snet";
        const { code, out, error } = await k8snet(["verify", lab], env);
        check(code === 2 && /is cut short|tcpdump on/.test(out + error), `exit status ${code}\n${out}${error}`);
        check(orphans().length === 0, `left behind: ${orphans()}`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  ],
  [
    "the exported script removes what it made when a step fails",
    async () => {
      const { out } = await k8snet(["export", "test/labs/raw-veth.k8snet", "--to", "sh"]);
      const input = out.replace(
        "  ip -n k8snet-raw-veth-h2 route add",
        "  false\n  ip -n k8snet-raw-veth-h2 route add",
      );
      const { status } = spawnSync("sh", ["-s", "up"], { input });
      check(status === 1, `exit status ${status}`);
      check(!namespaces().some((name) => name.startsWith("k8snet-raw-veth-")), "something was left behind");
    },
  ],
];

/** Labs that are compared side by side. */
const lanes = 5;

/** @type {readonly [string, () => Promise<void>][]} */
const live = [
  ...labsIn("test/netns/labs"),
  ...labsIn("test/labs/kernel"),
  ...labsIn("test/labs/kernel-more"),
  ...labsIn("test/labs/random"),
  ...labsIn("test/labs/gallery"),
  ...labsIn("test/labs"),
].map(equal);

/** All of them would take more than five minutes: the longest ones about Services and rules are compared when they are asked for. */
const isLeftOut = (/** @type {string} */ name) =>
  /kernel-more\/(services-|nftables-services|netfilter-|policies)/.test(name);

/** `pattern`: only tests with this in their names. @returns {Promise<{ passed: number, failed: number, failures: string[] }>} */
export async function run(pattern = "") {
  const probe = await k8snet(["verify", "test/labs/kernel/01-same-node-cold.k8snet"]);
  if (probe.code === 2) return cannotRun(probe);
  let passed = 0;
  /** @type {string[]} */
  const failures = [];
  /** @param {[string, () => Promise<void>]} test @returns {Promise<string | undefined>} What is wrong. */
  const attempt = async ([name, test]) => {
    const startedAt = Date.now();
    try {
      await test();
      passed++;
      console.log(`  ok      ${name} (${Math.round((Date.now() - startedAt) / 1000)} s)`);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  /** @param {string} word @param {string} name @param {string} message */
  const say = (word, name, message) => console.log(`  ${word}  ${name}\n${message.replace(/^/gm, "          ")}`);
  /** @param {[string, () => Promise<void>]} test */
  const runOne = async (test) => {
    const message = await attempt(test);
    if (message === undefined) return;
    failures.push(`${test[0]}: ${message.split("\n")[0]}`);
    say("FAILED", test[0], message);
  };
  // Most of their time is waiting.
  const waiting = live.filter(([name]) => (pattern === "" ? !isLeftOut(name) : name.includes(pattern)));
  /** @type {[string, () => Promise<void>][]} */
  const differed = [];
  const runSome = async () => {
    for (let test = waiting.shift(); test !== undefined; test = waiting.shift()) {
      const message = await attempt(test);
      if (message === undefined) continue;
      differed.push(test);
      say("AGAIN ", test[0], message);
    }
  };
  await Promise.all(Array.from({ length: lanes }, runSome));
  // On a machine that is busy, programs and timers may be so late that Linux itself goes another way: what differs alone, too, fails.
  for (const test of differed) await runOne(test);
  for (const test of interruptions) if (test[0].includes(pattern)) await runOne(test);
  return { passed, failed: failures.length, failures };
}

/** @param {Ended} probe */
function cannotRun({ error }) {
  console.log("\n  !! NOT COMPARED WITH THE REAL KERNEL: it cannot be run here.");
  console.log(error.trimEnd().replace(/^/gm, "  !! "));
  const saysWhy = /k8snet verify: this (needs|kernel)/.test(error);
  return saysWhy
    ? { passed: 1, failed: 0, failures: [] }
    : { passed: 0, failed: 1, failures: [`verify does not say what it lacks: ${error}`] };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { passed, failed } = await run(process.argv[2]);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
