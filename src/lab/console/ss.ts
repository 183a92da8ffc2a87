import { socketKind } from "../../linux/sockets.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { socketProtocol, socketState } from "../inspect/print.ts";
import { Complaint, type Invocation, needNetns, type Outcome, printed } from "./command.ts";

interface Asked {
  readonly tcp: boolean;
  readonly udp: boolean;
  /** `-l`: those that wait for others; `-a`: those and the others. */
  readonly listening: boolean;
  readonly all: boolean;
  readonly noHead: boolean;
}

/** `ss [-t] [-u] [-l|-a] [-n] [-H]`: numbers are never looked up. */
export function ss(invocation: Invocation): Outcome {
  const netns = needNetns(invocation, "kubectl exec pod2 -- ss -tln");
  const asked = readOptions(invocation);
  const { sockets } = invocation.world;
  const rows = [...sockets.ofNetns(netns)]
    .filter((row) => isWanted(invocation.world, row, asked))
    .sort(byNetid(invocation.world));
  const withNetid = asked.tcp === asked.udp;
  const cells = rows.map((row) => socketCells(invocation.world, row));
  return printed(layOut(cells, withNetid, asked.noHead));
}

function readOptions({ words }: Invocation): Asked {
  const letters = new Set<string>();
  for (const { text } of words) {
    if (!/^-[a-zA-Z0-9]+$/.test(text))
      throw new Complaint(`ss ${text} is not known here: -t, -u, -l, -a, -n and -H are.`);
    for (const letter of text.slice(1)) letters.add(letter);
  }
  const unknown = [...letters].find((letter) => !"tulanpHe4".includes(letter));
  if (unknown !== undefined)
    throw new Complaint(`ss: invalid option -- '${unknown}' here: -t, -u, -l, -a, -n and -H are known.`);
  const [tcp, udp] = [letters.has("t"), letters.has("u")];
  return {
    tcp: tcp || !udp,
    udp: udp || !tcp,
    listening: letters.has("l"),
    all: letters.has("a"),
    noHead: letters.has("H"),
  };
}

function isWanted({ sockets }: World, row: number, { tcp, udp, listening, all }: Asked): boolean {
  const kind = sockets.kind.get(row);
  const isTcp = kind === socketKind.tcp || kind === socketKind.tcpListen;
  if (!(isTcp && tcp) && !(kind === socketKind.udp && udp)) return false;
  const waits = kind === socketKind.tcpListen || (kind === socketKind.udp && sockets.remotePort.get(row) === 0);
  return all || waits === listening;
}

function byNetid({ sockets }: World): (a: number, b: number) => number {
  const place = (row: number) => (sockets.kind.get(row) === socketKind.udp ? 0 : sockets.kind.get(row));
  return (a, b) => place(a) - place(b) || sockets.localPort.get(a) - sockets.localPort.get(b) || a - b;
}

interface Cells {
  readonly netid: string;
  readonly state: string;
  readonly receive: string;
  readonly send: string;
  readonly local: readonly [string, string];
  readonly peer: readonly [string, string];
}

/** The longest queue of connections that a program here waits with (`listen(2)` as Go and Node.js call it, capped by somaxconn). */
const backlog = 4096;

function socketCells(world: World, row: number): Cells {
  const { sockets } = world;
  const isListener = sockets.kind.get(row) === socketKind.tcpListen;
  const remote = sockets.remote(row);
  const local = sockets.local(row);
  return {
    netid: socketProtocol(world, row),
    state: socketState(world, row),
    receive: "0",
    send: String(isListener ? backlog : unacknowledged(world, row)),
    local: [formatIpv4(local.address), String(local.port)],
    peer: remote.port === 0 ? ["0.0.0.0", "*"] : [formatIpv4(remote.address), String(remote.port)],
  };
}

/** Bytes that were sent and not acknowledged. */
function unacknowledged({ sockets }: World, row: number): number {
  const connection = sockets.connection.get(row);
  return connection === null ? 0 : (connection.send.next - connection.send.unacknowledged) >>> 0;
}

/** Columns as `ss` lays them out where it does not write to a terminal. */
function layOut(rows: readonly Cells[], withNetid: boolean, noHead: boolean): readonly string[] {
  const heads = ["Netid", "State", "Recv-Q", "Send-Q", "Local Address:", "Port", "Peer Address:", "Port", "Process"];
  const texts = rows.map(({ netid, state, receive, send, local, peer }) => [
    ...[netid, state, receive, send, `${local[0]}:`, local[1], `${peer[0]}:`, peer[1], ""],
  ]);
  const lines = noHead ? texts : [heads, ...texts];
  // Without heads, addresses need no room for theirs.
  const least = (column: number) => (noHead && column > 3 ? 0 : heads[column].length);
  const widths = heads.map((_, column) => Math.max(least(column), ...lines.map((line) => line[column].length)));
  return lines.map((line) => {
    const [netid, state, receive, send, local, localPort, peer, peerPort, process] = line.map((text, column) => {
      const isRight = column === 4 || column === 6;
      return isRight ? text.padStart(widths[column]) : text.padEnd(widths[column]);
    });
    const head = withNetid ? `${netid} ` : "";
    return `${head}${state} ${receive} ${send} ${local}${localPort} ${peer}${peerPort}${process}`;
  });
}
