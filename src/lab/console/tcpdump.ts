import { TcpdumpPrinter } from "../../config/tcpdump-text.ts";
import { findDevice } from "../../linux/socket/arp-socket.ts";
import { tapStages } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import { devicesOf, findDeviceByPath } from "../inspect/find.ts";
import { EventView } from "../observe.ts";
import { captureFilter, type FrameFilter } from "./capture-filter.ts";
import { Complaint, type Invocation, needNetns, type Outcome, printed } from "./command.ts";

interface Asked {
  /** `pod1/eth0`, a device of the namespace, or `any`. */
  readonly device: string | undefined;
  readonly count: number | undefined;
  readonly link: boolean;
  readonly absolute: boolean;
  readonly withoutTime: boolean;
  readonly filter: FrameFilter;
}

interface Tapped {
  readonly timeNs: number;
  readonly device: number;
  readonly direction: "in" | "out";
  readonly frame: EthernetFrame;
}

/** The newest so many frames are looked for, where no count is given. */
const mostFrames = 1000;

/** `tcpdump [-n] [-e] [-t] [-S] [-c COUNT] -i pod1/eth0|any [FILTER]`: what the interface has seen from the beginning until now. */
export function tcpdump(invocation: Invocation): Outcome {
  const { world } = invocation;
  const asked = readOptions(invocation);
  const isAny = asked.device === "any";
  const devices = isAny
    ? [...devicesOf(world, needNetns(invocation, "ip netns exec node1 tcpdump -i any"))]
    : [deviceOf(invocation, asked.device)];
  const { frames, isCut } = tapped(world, new Set(devices), asked);
  const printer = new TcpdumpPrinter(asked);
  const lines = frames.map(({ timeNs, device, direction, frame }) => {
    const time = asked.withoutTime ? "" : `${timeText(timeNs)} `;
    const where = isAny ? `${world.devices.name.get(device)} ${direction === "in" ? " In " : "Out"} ` : "";
    return `${time}${where}${printer.print(frame)}`;
  });
  const more = isCut ? [`(the newest ${mostFrames}; -c COUNT shows the first)`] : [];
  return printed([...more, ...lines, `${frames.length} packet${frames.length === 1 ? "" : "s"} captured`]);
}

function readOptions({ words }: Invocation): Asked {
  const asked = { link: false, absolute: false, withoutTime: false };
  let device: string | undefined;
  let count: number | undefined;
  let at = 0;
  for (; words[at]?.text.startsWith("-"); at++) {
    const { text } = words[at];
    if (text === "-i" || text === "--interface" || text === "-r") device = words[++at]?.text ?? "";
    else if (text === "-c") count = Number(words[++at]?.text);
    else if (/^-c\d+$/.test(text)) count = Number(text.slice(2));
    else if (/^-[neStlvUpq]+$/.test(text)) {
      asked.link ||= text.includes("e");
      asked.absolute ||= text.includes("S");
      asked.withoutTime ||= text.includes("t");
    } else throw new Complaint(`tcpdump ${text} is not known here: -i, -c, -n, -e, -t and -S are.`);
  }
  if (count !== undefined && !(Number.isInteger(count) && count > 0))
    throw new Complaint("tcpdump: invalid packet count");
  return { ...asked, device, count, filter: captureFilter(words.slice(at).map(({ text }) => text)) };
}

function deviceOf(invocation: Invocation, name: string | undefined): number {
  const { world, netns } = invocation;
  if (name === undefined) throw new Complaint("Which interface? Write tcpdump -n -i pod1/eth0.");
  const device = findDeviceByPath(world, name) || (netns === 0 ? 0 : findDevice(world, netns, name));
  if (device === 0) throw new Complaint(`tcpdump: ${name}: No such device exists\n(No such device exists)`);
  return device;
}

/** Goes through the recording, and back to where it stands. */
function tapped(
  world: World,
  devices: ReadonlySet<number>,
  { count, filter }: Asked,
): { frames: Tapped[]; isCut: boolean } {
  const { sim } = world;
  const here = sim.position;
  const events: number[] = [];
  for (let event = sim.earliest; event < here; event++)
    if (tapStages.has(sim.events.stage(event)) && devices.has(sim.events.place(event))) events.push(event);
  const isCut = count === undefined && events.length > mostFrames;
  const looked = isCut ? events.slice(-mostFrames) : events;
  const frames: Tapped[] = [];
  try {
    for (const event of looked) {
      if (frames.length === count) break;
      sim.goTo(event);
      const next = sim.next();
      const seen = next === undefined ? undefined : new EventView(world, next).frame;
      if (seen === undefined || !filter(seen.frame)) continue;
      frames.push({
        timeNs: seen.timeNs,
        device: sim.events.place(event),
        direction: seen.direction,
        frame: seen.frame,
      });
    }
  } finally {
    sim.goTo(here);
  }
  return { frames, isCut };
}

/** The scenario begins at midnight. */
function timeText(timeNs: number): string {
  const microseconds = Math.floor(timeNs / 1000);
  const seconds = Math.floor(microseconds / 1e6);
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  return `${clock}.${String(microseconds % 1e6).padStart(6, "0")}`;
}
