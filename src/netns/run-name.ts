import { readdirSync, readFileSync } from "node:fs";

/** Where `ip netns` keeps its names. */
export const netnsFolder = "/run/netns";

/**
 * What all namespaces of one run are called: `k8snet-run1234.567890-`, by the process and when it started, so that a
 * later run can tell whether their owner still lives. Kept namespaces belong to nobody any more and are called otherwise.
 */
export function runPrefix(kept: boolean): string {
  return `k8snet-${kept ? "kept" : "run"}${process.pid}.${startTime(process.pid)}-`;
}

/** Namespaces of runs that ended without removing them, as after `kill -9`. */
export function orphanedNamespaces(): readonly string[] {
  return existingNamespaces().filter((name) => {
    const owner = /^k8snet-run(\d+)\.(\d+)-/.exec(name);
    return owner !== null && startTime(Number(owner[1])) !== owner[2];
  });
}

export function existingNamespaces(): readonly string[] {
  try {
    return readdirSync(netnsFolder);
  } catch {
    // It comes with the first namespace.
    return [];
  }
}

/** Field 22 of /proc/PID/stat, in clock ticks since the machine started; undefined when there is no such process. */
function startTime(pid: number): string | undefined {
  try {
    // The second field is a name in parentheses that may have blanks in it.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
