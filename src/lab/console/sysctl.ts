import { unknownSysctl } from "../../config/sysctl-names.ts";
import { parseSysctl } from "../../config/sysctl-text.ts";
import { getSysctl } from "../../linux/setup/sysctl.ts";
import { printSysctl } from "../inspect/print.ts";
import { sysctlKeys } from "../inspect/shown-machines.ts";
import { Complaint, type Invocation, needNetns, netnsName, type Outcome, printed } from "./command.ts";

/** `sysctl [-n] KEY…`, `sysctl -a`, `sysctl [-w] KEY=VALUE`. */
export function sysctl(invocation: Invocation): Outcome {
  const netns = needNetns(invocation, "ip netns exec pod1 sysctl net.ipv4.ip_forward");
  const words = invocation.words.map(({ text }) => text);
  const flags = words.filter((word) => word.startsWith("-"));
  const keys = words.filter((word) => !word.startsWith("-"));
  if (flags.includes("-w") || keys.some((key) => key.includes("="))) return change(invocation, netns, keys);
  const isBare = flags.some((flag) => flag === "-n" || flag === "--values" || flag === "-bn");
  const wanted = flags.some((flag) => flag === "-a" || flag === "--all") ? sysctlKeys(invocation.world, netns) : keys;
  if (wanted.length === 0) throw new Complaint("sysctl: which one? Such as sysctl net.ipv4.ip_forward, or sysctl -a.");
  return printed(wanted.map((key) => line(invocation, netns, key.replaceAll("/", "."), isBare)));
}

function line({ world }: Invocation, netns: number, key: string, isBare: boolean): string {
  const value = getSysctl(world, netns, key);
  if (value !== undefined) return isBare ? String(value) : printSysctl(key, value);
  if (unknownSysctl(key) === undefined)
    throw new Complaint(`sysctl: ${key} is not set here, and the simulated kernel does nothing about it.`);
  throw new Complaint(`sysctl: cannot stat /proc/sys/${key.replaceAll(".", "/")}: No such file or directory`);
}

function change(invocation: Invocation, netns: number, words: readonly string[]): Outcome {
  const parsed = parseSysctl(words);
  if ("message" in parsed) throw new Complaint(`sysctl: ${parsed.message}`);
  const { key, value } = parsed;
  const statement = `sysctl ${netnsName(invocation, netns)} ${key}=${value}`;
  return { kind: "statement", statement, said: `${printSysctl(key, value)}\n` };
}
