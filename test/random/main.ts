import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compileSync } from "../../src/language/compile.ts";
import { Children } from "../../src/netns/children.ts";
import { removeNamespace } from "../../src/netns/namespaces.ts";
import { missingRequirements } from "../../src/netns/requirements.ts";
import { orphanedNamespaces } from "../../src/netns/run-name.ts";
import { generateLab } from "./generate.ts";
import { Pool } from "./pool.ts";
import { labText, type RandomLab } from "./random-lab.ts";
import { shrink } from "./shrink.ts";
import { serve } from "./worker.ts";

const usage = "npm run verify:random -- [--count 20] [--seed 1] [--jobs 6] [--no-shrink]";
const script = fileURLToPath(import.meta.url);
const folder = dirname(script);
const programHost = join(folder, "program-host.js");
/** Half of what Linux keeps at most by default (`gc_thresh3`, 1024): others use the table, too. */
const mostNeighbours = 500;
const mostShrinkRounds = 25;

interface Options {
  readonly count: number;
  readonly seed: number;
  readonly jobs: number;
  readonly shrink: boolean;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === "string") {
    console.error(options);
    return 2;
  }
  const first = compileSync(labText(generateLab(options.seed)), "file:///first.k8snet");
  const missing = await missingRequirements([first.plan], programHost, new Children());
  if (missing.length > 0) {
    for (const line of missing) console.error(`verify:random: ${line}`);
    return 2;
  }
  for (const name of orphanedNamespaces()) removeNamespace(name);
  const run = new RandomRun(options);
  try {
    return await run.all();
  } finally {
    run.end();
  }
}

function readOptions(): Options | string {
  try {
    const { values } = parseArgs({
      options: {
        count: { type: "string", default: "20" },
        seed: { type: "string", default: "1" },
        jobs: { type: "string", default: "6" },
        "no-shrink": { type: "boolean", default: false },
      },
    });
    const [count, seed, jobs] = [values.count, values.seed, values.jobs].map(Number);
    if (![count, seed, jobs].every((one) => Number.isSafeInteger(one) && one > 0)) return `Usage: ${usage}`;
    return { count, seed, jobs, shrink: !values["no-shrink"] };
  } catch (error) {
    return `${error instanceof Error ? error.message : error}\nUsage: ${usage}`;
  }
}

class RandomRun {
  private readonly options: Options;
  private readonly pool: Pool;
  private readonly startedAt = Date.now();
  private readonly tally = { equal: 0, different: 0, "cannot run": 0 };

  constructor(options: Options) {
    this.options = options;
    this.pool = new Pool(script, options.jobs, mostNeighbours);
  }

  async all(): Promise<number> {
    const { count, seed } = this.options;
    const labs = Array.from({ length: count }, (_, index) => generateLab(seed + index));
    await Promise.all(labs.map((lab) => this.one(lab)));
    const { equal, different, "cannot run": unable } = this.tally;
    const seconds = Math.round((Date.now() - this.startedAt) / 1000);
    console.log(
      `\n${count} labs, seeds ${seed} to ${seed + count - 1}: ${equal} equal, ${different} different, ${unable} could not run (${seconds} s)`,
    );
    return different > 0 ? 1 : unable > 0 ? 2 : 0;
  }

  end(): void {
    this.pool.end();
  }

  private async one(lab: RandomLab): Promise<void> {
    const { result, report } = await this.verify(lab);
    this.tally[result]++;
    const done = this.tally.equal + this.tally.different + this.tally["cannot run"];
    console.log(`[${done}/${this.options.count}] ${lab.title}: ${result}`);
    if (result === "equal") return;
    const file = save(lab, "");
    console.log(`${report.trimEnd().replace(/^/gm, "  ")}\n  ${file}`);
    if (result === "different" && this.options.shrink) await this.shrink(lab);
  }

  private async shrink(lab: RandomLab): Promise<void> {
    const again = await this.verify(lab);
    if (again.result !== "different") {
      console.log(`  ${lab.title}: a second time, it was ${again.result}`);
      return;
    }
    const differ = (labs: readonly RandomLab[]) =>
      Promise.all(labs.map(async (one) => (await this.verify(one)).result === "different"));
    const smallest = await shrink(lab, differ, mostShrinkRounds);
    const { report } = await this.verify(smallest);
    console.log(`  ${lab.title}, made smaller: ${save(smallest, "-small")}`);
    console.log(`${labText(smallest)}\n${report}`.trimEnd().replace(/^/gm, "    "));
  }

  private verify(lab: RandomLab): ReturnType<Pool["verify"]> {
    return this.pool.verify(fileName(lab, ""), labText(lab), neighboursOf(lab));
  }
}

/** Each namespace may come to know each address, and `lo` has entries of its own. */
function neighboursOf({ blocks, namespaces, cables }: RandomLab): number {
  const pods = blocks.flatMap(({ lines }) => lines.filter((line) => line.startsWith("pod "))).length;
  return namespaces.length * (cables.length * 2 + 4) + (blocks.length + pods) * (pods + 4);
}

function fileName({ title }: RandomLab, suffix: string): string {
  return `${title.replaceAll(" ", "-")}${suffix}.k8snet`;
}

function save(lab: RandomLab, suffix: string): string {
  const file = join(folder, fileName(lab, suffix));
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, labText(lab));
  return file;
}

if (process.argv[2] === "worker") serve(programHost);
else process.exitCode = await main();
