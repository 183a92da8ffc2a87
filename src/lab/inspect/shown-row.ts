import type { SourceRange } from "../../base/source-range.ts";

/** One thing of the world that views list: made from a table's row as the world stands, and plain data from then on. */
export interface ShownRow {
  /** Made of names and keys, so that it is the same thing at every position of the run. */
  readonly id: string;
  /** The rows of the state tree that it is below, nearest first. */
  readonly ancestors: readonly string[];
  readonly kind: "node" | "netns" | "interface" | "row";
  /** Codicon name. */
  readonly icon: string;
  readonly label: string;
  readonly description: string;
  /** What changed, where a change of it is told: `neigh pod1/eth0 10.244.0.3`. */
  readonly title: string;
  /** The whole row as Linux prints it. */
  readonly text: string;
  /** Values whose change counts as a change of the row, by Linux's names; counters and times are not among them. */
  readonly fields: Readonly<Record<string, string>>;
  /** Counters and the like, which views do not mark; data breakpoints can watch them. */
  readonly counters?: Readonly<Record<string, string>>;
  readonly source: SourceRange | undefined;
}

/** Ids of the state tree's rows that stand for a table. */
export const tableId = {
  arp: (netns: string) => `arp:${netns}`,
  routes: (netns: string) => `routes:${netns}`,
  connections: (netns: string) => `connections:${netns}`,
  rules: (netns: string, table: string) => `rules:${netns}/${table}`,
  sockets: (netns: string) => `sockets:${netns}`,
  resolvConf: (netns: string) => `resolvconf:${netns}`,
  sysctls: (netns: string) => `sysctls:${netns}`,
  ports: (bridge: string) => `ports:${bridge}`,
  fdb: (bridge: string) => `fdb:${bridge}`,
} as const;

export function nodeId(node: string): string {
  return `node:${node}`;
}

export function netnsId(netns: string): string {
  return `netns:${netns}`;
}

export function hubId(hub: string): string {
  return `hub:${hub}`;
}

/** `path` is `pod1/eth0`. */
export function deviceId(path: string): string {
  return `dev:${path}`;
}

/** Sources that are absent are null in the tables and undefined in what views get. */
export function known(source: SourceRange | null): SourceRange | undefined {
  return source ?? undefined;
}
