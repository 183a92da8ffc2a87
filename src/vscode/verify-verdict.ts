import type { VerifyEnd } from "../netns/verify-process.ts";

/** What came of `k8snet verify`, in one sentence. */
export interface Verdict {
  /** `unable`: it cannot be said here. */
  readonly kind: "equal" | "different" | "unable" | "failed";
  readonly text: string;
}

/** Exit statuses of `k8snet verify`. */
const [equalStatus, differentStatus, unableStatus] = [0, 1, 2];

export function verdictOf({ status, out, error }: VerifyEnd): Verdict {
  switch (status) {
    case equalStatus:
      return out.includes(": equal (")
        ? { kind: "equal", text: `Verified on Linux: ${summaryOf(out)}` }
        : { kind: "unable", text: `Cannot verify here: ${summaryOf(out)}${notesIn(out)}` };
    case differentStatus:
      return { kind: "different", text: `Linux does otherwise: ${summaryOf(out)}` };
    case unableStatus:
      return { kind: "unable", text: `Cannot verify here: ${reasonsIn(`${error}\n${out}`)}` };
    default:
      return { kind: "failed", text: lastLine(error) ?? "k8snet verify was ended by a signal" };
  }
}

/** What it says of a single scenario; of several, how many came out how. */
function summaryOf(out: string): string {
  const scenarios = [...out.matchAll(/: scenario "(.*)": (equal .*|not comparable|(\d+) differences?)$/gm)];
  if (scenarios.length === 1) return `“${scenarios[0][1]}”: ${scenarios[0][2]}`;
  const starting = (word: string) => scenarios.filter(([, , summary]) => summary.startsWith(word)).length;
  const different = scenarios.filter(([, , , number]) => number !== undefined);
  const differences = different.reduce((sum, [, , , number]) => sum + Number(number), 0);
  const counts: readonly (readonly [number, string])[] = [
    [different.length, `different (${differences} difference${differences === 1 ? "" : "s"})`],
    [starting("equal"), "equal"],
    [starting("not"), "not comparable"],
  ];
  const parts = counts.filter(([number]) => number > 0).map(([number, how]) => `${number} ${how}`);
  return `of ${scenarios.length} scenarios ${parts.join(", ")}`;
}

/** Why scenarios could not be compared. */
function notesIn(out: string): string {
  const notes = new Set([...out.matchAll(/^ {2}not compared: (.*)$/gm)].map(([, note]) => note));
  return notes.size === 0 ? "" : ` (${[...notes].join("; ")})`;
}

/** What is missing on this machine; else what is wrong with the file, or why its network could not be built. */
function reasonsIn(said: string): string {
  const missing = [...said.matchAll(/^k8snet verify: (.*)$/gm)];
  const errors = [...said.matchAll(/: error: (.*)$/gm)];
  const reasons = missing.length > 0 ? missing : errors.slice(-1);
  return reasons.map(([, reason]) => reason).join("; ") || (lastLine(said) ?? "no reason was given");
}

function lastLine(text: string): string | undefined {
  return text.trim().split("\n").at(-1) || undefined;
}
