import { stageNames } from "../../linux/stage.ts";

/** What a breakpoint of the tree asks for, as the session takes it. */
export interface Wish {
  readonly condition?: string;
  readonly hitCondition?: string;
  readonly logMessage?: string;
}

export interface PacketBreakpoint extends Wish {
  readonly isEnabled: boolean;
}

/** A row that is watched, beside the stages. */
export interface WatchedData extends PacketBreakpoint {
  readonly dataId: string;
  readonly description: string;
}

/** What a workspace remembers. */
export interface SavedBreakpoints {
  readonly stages: Readonly<Record<string, PacketBreakpoint>>;
  readonly data: readonly WatchedData[];
}

/** One breakpoint by what it is on. */
export type BreakpointKey = { readonly stage: string } | { readonly dataId: string };

export interface StageGroup {
  readonly label: string;
  readonly stages: readonly string[];
}

/** Families of stages by the first word of their names. */
const families: readonly (readonly [label: string, words: readonly string[]])[] = [
  ["Drops", ["drop"]],
  ["ARP and neighbours", ["arp", "neigh"]],
  ["Links", ["veth", "lo"]],
  ["Bridge", ["bridge"]],
  ["Hub", ["hub"]],
  ["VXLAN", ["vxlan"]],
  ["IP and routing", ["ip", "route"]],
  ["netfilter", ["nf"]],
  ["conntrack and NAT", ["conntrack", "nat"]],
  ["ICMP", ["icmp"]],
  ["UDP", ["udp"]],
  ["TCP", ["tcp"]],
];

/** What people do not walk with their packets. */
const unlisted = new Set(["none", "scenario.end"]);

/** Every stage, in families; those of none come last. */
export function stageGroups(stages: readonly string[] = stageNames): readonly StageGroup[] {
  const rest = new Set(stages.filter((stage) => !unlisted.has(stage)));
  const groups = families.map(([label, words]) => {
    const own = [...rest].filter((stage) => words.includes(stage.split(".")[0])).sort();
    for (const stage of own) rest.delete(stage);
    return { label, stages: own };
  });
  return [...groups, { label: "Scenario and programs", stages: [...rest].sort() }].filter(
    (one) => one.stages.length > 0,
  );
}

const off: PacketBreakpoint = { isEnabled: false };

/** The breakpoints of the tree: which are on, and what they ask for. Immutable; each change makes another. */
export class PacketBreakpoints {
  readonly saved: SavedBreakpoints;

  constructor(saved: Partial<SavedBreakpoints> = {}) {
    this.saved = { stages: saved.stages ?? {}, data: saved.data ?? [] };
  }

  of(key: BreakpointKey): PacketBreakpoint {
    if ("stage" in key) return this.saved.stages[key.stage] ?? off;
    return this.saved.data.find((one) => one.dataId === key.dataId) ?? off;
  }

  with(key: BreakpointKey, change: Partial<PacketBreakpoint>): PacketBreakpoints {
    const { stages, data } = this.saved;
    if ("dataId" in key) {
      return new PacketBreakpoints({
        stages,
        data: data.map((one) => (one.dataId === key.dataId ? { ...one, ...change } : one)),
      });
    }
    return new PacketBreakpoints({ stages: { ...stages, [key.stage]: { ...this.of(key), ...change } }, data });
  }

  watching(dataId: string, description: string): PacketBreakpoints {
    const others = this.saved.data.filter((one) => one.dataId !== dataId);
    return new PacketBreakpoints({ ...this.saved, data: [...others, { dataId, description, isEnabled: true }] });
  }

  without(dataId: string): PacketBreakpoints {
    return new PacketBreakpoints({ ...this.saved, data: this.saved.data.filter((one) => one.dataId !== dataId) });
  }

  allOff(): PacketBreakpoints {
    const turnedOff = <One extends PacketBreakpoint>(one: One): One => ({ ...one, isEnabled: false });
    const stages = Object.fromEntries(Object.entries(this.saved.stages).map(([name, one]) => [name, turnedOff(one)]));
    return new PacketBreakpoints({ stages, data: this.saved.data.map(turnedOff) });
  }

  /** As `k8snet/setPacketBreakpoints` takes them: those that are on. */
  requested(): readonly (Wish & ({ readonly name: string } | { readonly dataId: string }))[] {
    const stages = Object.entries(this.saved.stages).filter(([, one]) => one.isEnabled);
    const data = this.saved.data.filter((one) => one.isEnabled);
    return [
      ...stages.map(([name, one]) => ({ name, ...wishOf(one) })),
      ...data.map((one) => ({ dataId: one.dataId, ...wishOf(one) })),
    ];
  }
}

/** Beside the tree's title: how many breakpoints are on. */
export function countText(count: number): string {
  return count === 0 ? "" : `${count} on`;
}

/** Beside a breakpoint's name: what it asks for. */
export function wishText({ condition, hitCondition, logMessage }: Wish): string {
  return [condition && `if ${condition}`, hitCondition && `hit ${hitCondition}`, logMessage && `prints ${logMessage}`]
    .filter(Boolean)
    .join(", ");
}

function wishOf({ condition, hitCondition, logMessage }: Wish): Wish {
  return {
    ...(condition && { condition }),
    ...(hitCondition && { hitCondition }),
    ...(logMessage && { logMessage }),
  };
}
