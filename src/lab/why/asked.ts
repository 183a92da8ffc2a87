import type { ClusterLayout } from "../../kube/layout.ts";
import type { World } from "../../linux/world.ts";
import type { NetworkPlan } from "../../plan/plan.ts";
import type { Statement } from "../../plan/statements.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import type { Idea, TextEdit } from "./explanation.ts";
import type { FileEdits } from "./file-edits.ts";
import { idea } from "./file-edits.ts";

/** A packet that stands before the event which is asked about, and the file that it runs in. */
export interface Asked {
  readonly world: World;
  readonly packet: number;
  readonly netns: number;
  readonly ip: Ipv4Packet | undefined;
  readonly statement: Statement | undefined;
  readonly plan: NetworkPlan;
  /** The cluster that the file declares; undefined where the lab was opened without its text. */
  readonly layout: () => ClusterLayout | undefined;
  /** Absent where the lab was opened without its text. */
  readonly file: FileEdits | undefined;
}

/** The IPv4 packet that travels; undefined for ARP and the like. */
export function ipOf({ packets }: World, packet: number): Ipv4Packet | undefined {
  const data = packets.data.get(packet);
  if (data === null || "ttl" in data) return data ?? undefined;
  return data.payload.kind === "ipv4" ? data.payload : undefined;
}

/** A setting of a namespace, in its declaration or else by a statement before the one that is asked about. */
export function settingIdeas(asked: Asked, netns: number, name: string, value: string, statement: string): Idea[] {
  const { file, world } = asked;
  const netnsName = world.namespaces.name.get(netns);
  const owner = file?.declarationAt(world.namespaces.source.get(netns));
  const declared =
    file === undefined || owner === undefined
      ? []
      : idea(`In ${netnsName}: ${name} ${value}`, file.set(owner, name, value));
  return [...declared, ...statementIdea(asked, statement)];
}

export function sysctlIdeas(asked: Asked, netns: number, key: string, value: number): Idea[] {
  const name = asked.world.namespaces.name.get(netns);
  return settingIdeas(asked, netns, `sysctl ${key}`, String(value), `sysctl ${name} ${key}=${value}`);
}

/** A statement before the one that is asked about. */
export function statementIdea({ file, statement }: Asked, text: string): readonly Idea[] {
  if (file === undefined || statement === undefined || statement.source.uri !== file.uri) return [];
  return idea(`Before "${statement.text}": ${text}`, [file.before(statement.source, text)]);
}

/** A setting of an interface in its namespace's block: `interface eth0 { mtu 1450 }`. */
export function interfaceIdeas(asked: Asked, device: number, name: string, value: string, statement: string): Idea[] {
  const { file, world } = asked;
  const { devices, namespaces } = world;
  const netns = devices.netns.get(device);
  const dev = devices.name.get(device);
  const owner = file?.declarationAt(namespaces.source.get(netns));
  if (file === undefined || owner === undefined) return [...statementIdea(asked, statement)];
  const there = file
    .items("Interface")
    .find((one) => "name" in one && one.name === dev && one.$container.$container === owner);
  const edits: readonly TextEdit[] =
    there === undefined ? [file.insert(owner, `interface ${dev} { ${name} ${value} }`)] : file.set(there, name, value);
  const title = `In ${namespaces.name.get(netns)}: interface ${dev} { ${name} ${value} }`;
  return [...idea(title, edits), ...statementIdea(asked, statement)];
}
