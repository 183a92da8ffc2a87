import { type ChildProcess, spawn } from "node:child_process";
import type { InterfaceName } from "../plan/plan.ts";
import { inNamespace } from "../plan/shell/commands.ts";
import type { NamespaceNames } from "../plan/shell/namespace-names.ts";
import { readCapture } from "../wire/capture-reader.ts";
import { type EthernetFrame, parseFrame } from "../wire/ethernet.ts";
import { isMalformed } from "../wire/malformed.ts";
import type { Children } from "./children.ts";
import { SetUpFailure } from "./namespaces.ts";
import { epochNs } from "./time.ts";

export type Direction = "in" | "out";

/** A frame as one interface saw it. */
export interface SeenFrame {
  /** `pod1/eth0`. */
  readonly device: string;
  readonly direction: Direction;
  /** Since the scenario began. */
  readonly timeNs: number;
  readonly frame: EthernetFrame;
}

/** `node1/web1` and `eth0`: names of namespaces may have slashes, those of devices never. */
export function splitDevice(device: string): { readonly netns: string; readonly dev: string } {
  const slash = device.lastIndexOf("/");
  return { netns: device.slice(0, slash), dev: device.slice(slash + 1) };
}

/**
 * libpcap shows what passes `lo` once, as received (pcap-linux.c, `linux_check_direction`); all other interfaces are watched
 * in both directions, each by a capture of its own, since a capture of both does not say which is which.
 */
export function directionsOf(device: InterfaceName): readonly Direction[] {
  return device.dev === "lo" ? ["in"] : ["in", "out"];
}

/** Captures of all interfaces, from `start` to `stop`. */
export class Captures {
  /** When the last frame was seen, by `epochNs`. */
  lastFrameNs = 0;
  private readonly taps: Tap[] = [];
  private readonly names: NamespaceNames;
  private readonly children: Children;

  constructor(names: NamespaceNames, children: Children) {
    this.names = names;
    this.children = children;
  }

  /** Resolves when every interface is being watched. */
  async start(interfaces: readonly InterfaceName[]): Promise<void> {
    for (const device of interfaces) {
      for (const direction of directionsOf(device)) {
        const argv = inNamespace(this.names.of(device.netns), tcpdumpArgv(device.dev, direction));
        const child = this.children.add(spawn(argv[0], argv.slice(1), { stdio: ["ignore", "pipe", "pipe"] }));
        const onFrame = () => {
          this.lastFrameNs = epochNs();
        };
        this.taps.push(new Tap(`${device.netns}/${device.dev}`, direction, child, onFrame));
      }
    }
    await Promise.all(this.taps.map((tap) => tap.started));
  }

  async stop(beganNs: number): Promise<readonly SeenFrame[]> {
    await Promise.all(this.taps.map((tap) => tap.stop()));
    return this.taps.flatMap((tap) => tap.frames(beganNs));
  }

  /** The files as tcpdump would have written them, by `pod1/eth0 in`. */
  files(): ReadonlyMap<string, Uint8Array> {
    return new Map(this.taps.map((tap) => [`${tap.device} ${tap.direction}`, tap.bytes()]));
  }
}

/** Never promiscuous: a bridge in that mode delivers to itself what it only forwards. */
function tcpdumpArgv(dev: string, direction: Direction): readonly string[] {
  return [
    ...["tcpdump", "-i", dev, "-Q", direction, "-p", "-n", "-U", "-Z", "root", "--immediate-mode"],
    ...["--time-stamp-precision=nano", "-w", "-"],
  ];
}

/** A tcpdump that does not end when it is told to is killed: nothing waits for ever. */
const longestStopMs = 10_000;

/** One tcpdump. */
class Tap {
  readonly device: string;
  readonly direction: Direction;
  readonly started: Promise<void>;
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;
  private readonly chunks: Uint8Array[] = [];
  private errors = "";

  constructor(device: string, direction: Direction, child: ChildProcess, onFrame: () => void) {
    this.device = device;
    this.direction = direction;
    this.child = child;
    this.ended = new Promise((done) => child.once("close", done));
    child.stdout?.on("data", (chunk: Uint8Array) => {
      if (this.chunks.length > 0) onFrame();
      this.chunks.push(chunk);
    });
    this.started = new Promise((started, failed) => {
      child.once("error", failed);
      child.once("close", () => failed(new SetUpFailure(`tcpdump on ${device}: ${this.errors.trim()}`)));
      child.stderr?.setEncoding("utf8").on("data", (text) => {
        this.errors += text;
        if (this.errors.includes("listening on")) started();
      });
    });
  }

  async stop(): Promise<void> {
    this.child.kill("SIGINT");
    const killed = setTimeout(() => this.child.kill("SIGKILL"), longestStopMs);
    await this.ended;
    clearTimeout(killed);
    const lost = /([1-9]\d*) packets? dropped by kernel/.exec(this.errors);
    if (lost !== null)
      throw new SetUpFailure(`tcpdump on ${this.device} lost ${lost[1]} frames: nothing can be compared`);
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.chunks);
  }

  frames(beganNs: number): readonly SeenFrame[] {
    const capture = readCapture(this.bytes());
    if (isMalformed(capture) || capture.problem !== undefined)
      throw new SetUpFailure(`the capture of ${this.device} is cut short`);
    return capture.packets.map(({ bytes, originalLength, timeNs }) => {
      const frame = parseFrame(atFullLength(bytes, originalLength));
      if (isMalformed(frame)) throw new SetUpFailure(`${this.device} carried ${frame.reason}`);
      const { device, direction } = this;
      return { device, direction, frame, timeNs: Number(timeNs - BigInt(Math.round(beganNs))) };
    });
  }
}

/**
 * libpcap keeps no more of a frame than the device's MTU asks for, and there are longer ones: where connections are tracked,
 * fragments are one packet between two hooks, and are captured as such. No line tells of the octets that are missing.
 */
function atFullLength(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length >= length) return bytes;
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return whole;
}
