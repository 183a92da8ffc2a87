import { compileSync } from "../../src/language/compile.ts";
import { type LabCable, type LabNamespace, labText, type RandomLab } from "./random-lab.ts";

/** Whether the kernels still differ, for each of some labs. */
export type StillDiffers = (labs: readonly RandomLab[]) => Promise<readonly boolean[]>;

/** Makes a lab smaller as long as the kernels differ on it; `mostRounds` bounds how long that takes. */
export async function shrink(lab: RandomLab, stillDiffers: StillDiffers, mostRounds: number): Promise<RandomLab> {
  let smallest = lab;
  for (let round = 0; round < mostRounds; round++) {
    const candidates = smallerLabs(smallest);
    let next: RandomLab | undefined;
    for (let i = 0; i < candidates.length && next === undefined; i += atOnce) {
      const some = candidates.slice(i, i + atOnce);
      const differ = await stillDiffers(some);
      next = some.find((_, index) => differ[index]);
    }
    if (next === undefined) return smallest;
    smallest = next;
  }
  return smallest;
}

const atOnce = 6;

/** Labs with something left out, those that lack most first; all of them are files without errors. */
export function smallerLabs(lab: RandomLab): readonly RandomLab[] {
  const half = Math.ceil(lab.statements.length / 2);
  const candidates: RandomLab[] = [
    { ...lab, statements: lab.statements.slice(half) },
    { ...lab, statements: lab.statements.slice(0, half) },
    ...lab.blocks.map((_, index) => ({ ...lab, blocks: without(lab.blocks, index) })),
    ...lab.namespaces.map(({ name }) => withoutNamespace(lab, name)),
    ...lab.statements.map((_, index) => ({ ...lab, statements: without(lab.statements, index) })).reverse(),
    ...lab.cables.map((_, index) => ({ ...lab, cables: without(lab.cables, index) })),
    ...lab.blocks.flatMap((block, index) =>
      block.lines.map((_, line) => ({
        ...lab,
        blocks: lab.blocks.with(index, { ...block, lines: without(block.lines, line) }),
      })),
    ),
    ...lab.namespaces.flatMap((netns, index) =>
      smallerNamespaces(netns).map((smaller) => ({ ...lab, namespaces: lab.namespaces.with(index, smaller) })),
    ),
    ...lab.cables.flatMap((cable, index) =>
      smallerCables(cable).map((smaller) => ({ ...lab, cables: lab.cables.with(index, smaller) })),
    ),
    ...lab.statements.flatMap((statement, index) =>
      smallerStatements(statement).map((smaller) => ({ ...lab, statements: lab.statements.with(index, smaller) })),
    ),
  ];
  return candidates.filter(isWhole);
}

function isWhole(lab: RandomLab): boolean {
  if (lab.statements.length === 0) return false;
  const { diagnostics } = compileSync(labText(lab), "file:///smaller.k8snet");
  return diagnostics.every(({ severity }) => severity !== "error");
}

function without<Item>(items: readonly Item[], index: number): readonly Item[] {
  return items.toSpliced(index, 1);
}

function withoutNamespace(lab: RandomLab, name: string): RandomLab {
  const mentions = new RegExp(`\\b${name}\\b`);
  return {
    ...lab,
    namespaces: lab.namespaces.filter((netns) => netns.name !== name),
    cables: lab.cables.filter(({ ends }) => ends.every(({ netns }) => netns !== name)),
    statements: lab.statements.filter((statement) => !mentions.test(statement)),
  };
}

function smallerNamespaces(netns: LabNamespace): readonly LabNamespace[] {
  const { bridges, lines } = netns;
  return [
    ...lines.map((_, index) => ({ ...netns, lines: without(lines, index) })),
    ...bridges.map((_, index) => ({ ...netns, bridges: without(bridges, index) })),
    ...bridges.flatMap((bridge, index) =>
      bridge.lines.map((_, line) => ({
        ...netns,
        bridges: bridges.with(index, { ...bridge, lines: without(bridge.lines, line) }),
      })),
    ),
  ];
}

function smallerCables(cable: LabCable): readonly LabCable[] {
  const [one, other] = cable.ends;
  return [
    ...(cable.mtu === undefined ? [] : [{ ends: cable.ends }]),
    ...one.options.map(
      (_, index): LabCable => ({
        ...cable,
        ends: [{ ...one, options: without(one.options, index) }, other],
      }),
    ),
    ...other.options.map(
      (_, index): LabCable => ({
        ...cable,
        ends: [one, { ...other, options: without(other.options, index) }],
      }),
    ),
  ];
}

/** Without one of its options. */
function smallerStatements(statement: string): readonly string[] {
  if (!/^(ping|udp|tcp|curl)/.test(statement)) return [];
  const options = [...statement.matchAll(/ (mayFragment|(?:count|interval|size|ttl|payload) \S+)/g)];
  return options.map(({ index, 0: option }) => statement.slice(0, index) + statement.slice(index + option.length));
}
