import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { makeTuple, type Tuple } from "../linux/conntrack/tuple.ts";
import { inNamespace } from "../plan/shell/commands.ts";
import type { NamespaceNames } from "../plan/shell/namespace-names.ts";
import { parseIpv4 } from "../wire/address-text.ts";
import type { Children } from "./children.ts";
import { SetUpFailure } from "./namespaces.ts";
import { delay } from "./time.ts";

/** A connection that the kernel began to track, with what NAT made of it. */
export interface ObservedConnection {
  readonly netns: string;
  readonly original: Tuple;
  /** What answers to it look like. */
  readonly answers: Tuple;
  /** Since the scenario began. */
  readonly timeNs: number;
}

/** Hears of every new connection in namespaces, by a `conntrack -E` in each. */
export class ConnectionEvents {
  private readonly watches: Watch[];

  constructor(namespaces: readonly string[], names: NamespaceNames, children: Children) {
    this.watches = namespaces.map((netns) => new Watch(netns, names, children));
  }

  /** Resolves when all are listening. */
  async start(): Promise<void> {
    await Promise.all(this.watches.map((watch) => watch.started()));
  }

  /** By time. */
  async stop(beganNs: number): Promise<readonly ObservedConnection[]> {
    const all = await Promise.all(this.watches.map((watch) => watch.stop(beganNs)));
    return all.flat().sort((a, b) => a.timeNs - b.timeNs);
  }
}

/** A socket buffer of so many bytes: a burst of connections must not be lost. */
const bufferBytes = 4 * 1024 * 1024;
const longestStartMs = 5000;

class Watch {
  private readonly netns: string;
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;
  private output = "";
  private errors = "";
  private hasEnded = false;

  constructor(netns: string, names: NamespaceNames, children: Children) {
    const argv = ["conntrack", "-E", "-e", "NEW", "-o", "timestamp", "-b", String(bufferBytes)];
    const [program, ...args] = inNamespace(names.of(netns), argv);
    this.netns = netns;
    this.child = children.add(spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] }));
    this.child.stdout?.setEncoding("utf8").on("data", (text) => {
      this.output += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text) => {
      this.errors += text;
    });
    this.ended = new Promise((done) => {
      this.child.once("error", done);
      this.child.once("close", done);
    }).then(() => {
      this.hasEnded = true;
    });
  }

  async started(): Promise<void> {
    for (let waitedMs = 0; waitedMs < longestStartMs && !this.hasEnded; waitedMs += 10) {
      if (isListening(this.child.pid)) return;
      await delay(10);
    }
    throw new SetUpFailure(`conntrack -E in ${this.netns}: ${this.errors.trim() || "it does not listen"}`);
  }

  async stop(beganNs: number): Promise<readonly ObservedConnection[]> {
    if (this.hasEnded) throw new SetUpFailure(`conntrack -E in ${this.netns} ended: ${this.errors.trim()}`);
    this.child.kill("SIGINT");
    await this.ended;
    if (/ENOBUFS/.test(this.errors))
      throw new SetUpFailure(`conntrack -E in ${this.netns} lost events: nothing can be compared`);
    return this.output.split("\n").flatMap((line) => {
      const event = parseConnectionEvent(line);
      if (event === undefined) return [];
      const { original, answers } = event;
      return [{ netns: this.netns, original, answers, timeNs: event.epochNs - beganNs }];
    });
  }
}

/** NETLINK_NETFILTER. */
const netfilterFamily = "12";

/** Its process has joined a group of netlink events: `/proc/PID/net/netlink` has the sockets of the process' own namespace. */
function isListening(pid: number | undefined): boolean {
  try {
    const rows = readFileSync(`/proc/${pid}/net/netlink`, "utf8").split("\n").slice(1);
    return rows.some((row) => {
      const [, family, , groups] = row.trim().split(/\s+/);
      return family === netfilterFamily && Number.parseInt(groups, 16) !== 0;
    });
  } catch {
    return false;
  }
}

/** `[1795711148.370408]	    [NEW] udp      17 30 src=… dst=… sport=… dport=… [UNREPLIED] src=… dst=… sport=… dport=…`. */
export function parseConnectionEvent(
  line: string,
): { readonly original: Tuple; readonly answers: Tuple; readonly epochNs: number } | undefined {
  const [, seconds, protocol, rest] = /^\[(\d+\.\d+)\s*\]\s+\[NEW\] \S+\s+(\d+) (.*)$/.exec(line) ?? [];
  if (rest === undefined) return undefined;
  const [one, other] = [...rest.matchAll(/src=.*?(?= \[UNREPLIED\]| src=|$)/g)];
  const [original, answers] = [one, other].map((match) => parseTuple(Number(protocol), match?.[0] ?? ""));
  return original && answers && { original, answers, epochNs: Number(seconds) * 1e9 };
}

function parseTuple(protocol: number, text: string): Tuple | undefined {
  const fields = new Map([...text.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
  const number = (name: string) => Number(fields.get(name) ?? 0);
  const [source, destination] = [parseIpv4(fields.get("src") ?? ""), parseIpv4(fields.get("dst") ?? "")];
  if (source === undefined || destination === undefined) return undefined;
  if (fields.has("type"))
    return makeTuple(protocol, source, destination, number("id"), number("type") * 256 + number("code"));
  return makeTuple(protocol, source, destination, number("sport"), number("dport"));
}
