/** One thing that must hold, in the words of someone who uses the extension. */
export interface Case {
  readonly name: string;
  run(): Promise<void>;
}

export interface SuiteResults {
  /** Which of the two extension hosts ran the suite. */
  readonly host: "node" | "web worker";
  readonly passed: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

/** The browser's extension host is a web worker. */
export const host: SuiteResults["host"] = typeof process === "undefined" ? "web worker" : "node";

const caseTimeoutMs = 60_000;

/** Runs the cases one after the other; `cleanUp` runs behind each, failed or not, and is part of it. */
export async function runCases(cases: readonly Case[], cleanUp: () => Promise<void>): Promise<SuiteResults> {
  const passed: string[] = [];
  const failed: { name: string; error: string }[] = [];
  const attempt = async (what: Promise<void>): Promise<string | undefined> => {
    try {
      await withTimeout(what, caseTimeoutMs, `not done after ${caseTimeoutMs / 1000} s`);
      return undefined;
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  };
  for (const { name, run } of cases) {
    const error = await attempt(run());
    const errorAfter = await attempt(cleanUp());
    if (error === undefined && errorAfter === undefined) passed.push(name);
    else failed.push({ name, error: error ?? `cleaning up behind it: ${errorAfter}` });
    console.log(`k8snet suite: ${name}: ${error ?? errorAfter ?? "ok"}`);
  }
  return { host, passed, failed };
}

export async function withTimeout<T>(promise: Promise<T>, timeoutMs: number, message: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), timeoutMs);
  });
  try {
    return await Promise.race([promise, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks again and again until there is something other than `undefined` or `false` to see. */
export async function until<T>(look: () => T | PromiseLike<T>, what: string): Promise<Exclude<T, false | undefined>> {
  const giveUpAt = Date.now() + 25_000;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen as Exclude<T, false | undefined>;
    if (Date.now() > giveUpAt) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: ${left}, expected ${right}`);
}

export function holds(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}
