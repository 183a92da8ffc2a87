import { nudInTimer, nudName } from "../../linux/neighbours.ts";
import { findDevice } from "../../linux/socket/arp-socket.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4, prefixContains } from "../../wire/ipv4-address.ts";
import { devicesOf } from "../inspect/find.ts";
import { neighbourMac, printNeighbour } from "../inspect/print.ts";
import { Complaint, type Invocation, needNetns, type Outcome, printed, printedJson } from "./command.ts";
import type { IpOptions } from "./ip.ts";
import type { WordCursor } from "./word-cursor.ts";

/** `ip [-s] [-j] neigh [show] [[to] ADDRESS|BLOCK] [dev DEVICE] [nud STATE]`. */
export function showNeighbours(invocation: Invocation, words: WordCursor, options: IpOptions): Outcome {
  const { world } = invocation;
  const { neighbours } = world;
  const netns = needNetns(invocation, "ip -n pod1 neigh");
  let rows = [...devicesOf(world, netns)].flatMap((device) => [...neighbours.ofDevice(device)]);
  let isOfOneDevice = false;
  while (!words.done) {
    if (words.takeIf("dev")) {
      const device = deviceNamed(world, netns, words.take("the device"));
      rows = rows.filter((row) => neighbours.device.get(row) === device);
      isOfOneDevice = true;
    } else if (words.takeIf("nud")) {
      const state = words.take("the state").toUpperCase();
      rows = rows.filter((row) => nudName(neighbours.state.get(row)) === state);
    } else {
      words.takeIf("to");
      const prefix = words.prefix();
      rows = rows.filter((row) => prefixContains(prefix, neighbours.address.get(row)));
    }
  }
  return answer(world, rows, options, isOfOneDevice);
}

/** `ip neigh get ADDRESS dev DEVICE`. */
export function getNeighbour(invocation: Invocation, words: WordCursor, options: IpOptions): Outcome {
  const { world } = invocation;
  const netns = needNetns(invocation, "ip -n pod1 neigh get 10.244.1.9 dev eth0");
  const address = words.address();
  if (!words.takeIf("dev")) throw new Complaint("Device and address are required arguments.");
  const device = deviceNamed(world, netns, words.take("the device"));
  words.end("ip neigh get ADDRESS dev DEVICE.");
  const row = world.neighbours.find(device, address);
  if (row === 0) throw new Complaint("Error: Neighbour entry not found.");
  return answer(world, [row], options, false);
}

export function deviceNamed(world: World, netns: number, name: string): number {
  const device = findDevice(world, netns, name);
  if (device === 0) throw new Complaint(`Cannot find device "${name}"`);
  return device;
}

function answer(world: World, rows: readonly number[], options: IpOptions, isOfOneDevice: boolean): Outcome {
  if (options.json) return printedJson(rows.map((row) => neighbourJson(world, row, options, isOfOneDevice)));
  return printed(
    rows.map((row) => {
      const plain = `${printNeighbour(world, row)} `;
      const text = options.statistics ? withStatistics(world, row, plain) : plain;
      return isOfOneDevice ? text.replace(/ dev \S+/, "") : text;
    }),
  );
}

function withStatistics(world: World, row: number, text: string): string {
  const { ref, used, confirmed, updated, probes } = statistics(world, row);
  const [, head, state] = /^(.*?)(\S+ )$/.exec(text) ?? ["", text, ""];
  return `${head} ${ref === 0 ? "" : `ref ${ref} `}used ${used}/${confirmed}/${updated}probes ${probes} ${state}`;
}

/** Ages in seconds. A timer holds a reference to its entry. */
function statistics({ neighbours, nowNs }: World, row: number) {
  const ago = (ns: number) => Math.floor((nowNs - ns) / 1e9);
  return {
    ref: (neighbours.state.get(row) & nudInTimer) === 0 ? 0 : 1,
    used: ago(neighbours.usedNs.get(row)),
    confirmed: ago(neighbours.confirmedNs.get(row)),
    updated: ago(neighbours.updatedNs.get(row)),
    probes: neighbours.probes.get(row),
  };
}

function neighbourJson(world: World, row: number, options: IpOptions, isOfOneDevice: boolean): object {
  const { neighbours, devices } = world;
  const mac = neighbourMac(world, row);
  const { ref, ...ages } = statistics(world, row);
  return {
    dst: formatIpv4(neighbours.address.get(row)),
    ...(!isOfOneDevice && { dev: devices.name.get(neighbours.device.get(row)) }),
    ...(mac !== "" && { lladdr: mac }),
    ...(options.statistics && { ...(ref > 0 && { refcnt: ref }), ...ages }),
    state: [nudName(neighbours.state.get(row))],
  };
}
