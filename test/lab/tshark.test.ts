import { execFileSync, spawnSync } from "node:child_process";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { type PacketField, packetFields } from "../../src/lab/inspect/fields.ts";
import { type FieldValue, type Layer, layersOf } from "../../src/lab/inspect/layers.ts";
import type { TappedFrame } from "../../src/lab/observe.ts";
import { k8snet, temporaryFolder } from "../cli/harness.ts";
import { labNames, labText, openText, scenariosOf } from "./run-lab.ts";

// What `k8snet run --pcap` writes, read by a stranger: Wireshark's dissectors are a second decoding of the same bytes.

type FieldType = PacketField<never>["type"];
type Row = Readonly<Record<string, string>>;

const isThere = spawnSync("tshark", ["--version"]).error === undefined;
if (!isThere) {
  const problem = "tshark is not on the PATH; install it to run these tests";
  if (process.env.CI !== undefined) throw new Error(problem);
  console.warn(`Not run: ${problem}`);
}

const files = temporaryFolder();
const places = ["frame.interface_name", "frame.packet_flags_direction", "frame.time_epoch"];
const complaints = ["_ws.malformed", "_ws.short", "_ws.expert.severity", "_ws.expert.message"];
const checksums = ["ip", "icmp", "udp", "tcp"].map((protocol) => `${protocol}.checksum.status`);
const allFields = [...places, ...complaints, ...checksums, ...packetFields.map(({ name }) => name)];

/** `checksum.status` and `expert.severity`, as numbers in Wireshark's epan/proto.h. */
const badChecksum = "0";
const severityError = 0x00800000;
/** `epb_flags` of pcapng. */
const directions = ["unknown", "in", "out"];

/** Fragments, quoted TCP, a path MTU, an announcement, an empty datagram. */
const rarities = `
netns h1 { route default via 10.0.1.1 }
netns r1 { sysctl net.ipv4.ip_forward 1 }
netns h2 { route default via 10.0.2.1 }
veth h1/eth0 address 10.0.1.2/24 <-> r1/left  address 10.0.1.1/24
veth h2/eth0 address 10.0.2.2/24 <-> r1/right address 10.0.2.1/24
scenario "rarities" {
  ping h1 -> h2 size 4000 mayFragment
  arping h1 -> r1 announce
  udp h1 -> h2:9 payload ""
  udp h1 -> h2:9 ttl 1 payload "an odd number of octets"
  tcp h1 -> h2:80 ttl 1 timeout 1s
  ip -n r1 link set right mtu 1000
  ping h1 -> h2 size 1200 timeout 1s
}
`;

const labs = [...labNames.map((name) => [name, labText(name)] as const), ["rarities", rarities] as const];

test.skipIf(!isThere).each(labs)(
  "%s: tshark finds nothing wrong, and reads each field as the debugger does",
  async (name, text) => {
    const frames = framesOf(text);
    const rows = readByTshark(await capture(basename(name), text), text);
    expect(rows.map(placeOf)).toEqual(frames.map(placeOfFrame));
    expect(rows.flatMap(problems), "malformed packets, wrong checksums").toEqual([]);
    expect(rows.map(fieldsOfRow)).toEqual(frames.map(({ frame }) => fieldsOfLayers(layersOf(frame))));
  },
);

/** Those of all scenarios, one after the other, as the command runs them. */
function framesOf(text: string): readonly TappedFrame[] {
  return scenariosOf(text).flatMap((scenario) => {
    const lab = openText(text, scenario);
    const frames: TappedFrame[] = [];
    while (lab.run(10_000, ({ frame }) => frame !== undefined && frames.push(frame)));
    return frames;
  });
}

async function capture(name: string, text: string): Promise<string> {
  const path = files.path(`${name}.pcapng`);
  const { code, error } = await k8snet("run", files.write(`${name}.k8snet`, text), "--trace", "none", "--pcap", path);
  expect(code, error).toBe(0);
  return path;
}

/** Every frame, with its fields by name. Fragments stay what they are: each frame is read for itself. */
function readByTshark(path: string, text: string): readonly Row[] {
  const checks = ["ip", "udp", "tcp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
  const settings = [...checks, "-o", "ip.defragment:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE"];
  const columns = allFields.flatMap((field) => ["-e", field]);
  // What other servers of ours on the ports of DNS say is not DNS; over TCP we do not put messages together, and neither shall it.
  const hasDns = /\bdns coredns\b|\blisten udp 53 dns\b/.test(text);
  const dns = hasDns ? ["-d", "tcp.port==53,data"] : ["--disable-protocol", "dns"];
  const notDns = [...dns, "--disable-protocol", "mdns"];
  const output = execFileSync(
    "tshark",
    ["-n", "-d", "udp.port==8472,vxlan", ...notDns, "-r", path, ...settings, "-T", "fields", ...columns],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  return output
    .split("\n")
    .slice(0, -1)
    .map((line) => Object.fromEntries(line.split("\t").map((text, column) => [allFields[column], text])));
}

function placeOf(row: Row): string {
  const [device, direction, time] = places.map((field) => row[field]);
  return `${device} ${directions[Number(direction)]} ${time}`;
}

function placeOfFrame({ device, direction, timeNs }: TappedFrame): string {
  return `${device} ${direction} ${(timeNs / 1e9).toFixed(9)}`;
}

function problems(row: Row, index: number): readonly string[] {
  const found = [
    ...["_ws.malformed", "_ws.short"].filter((field) => row[field] !== ""),
    ...checksums.filter((field) => row[field].split(",").includes(badChecksum)),
    ...(values(row["_ws.expert.severity"]).some((severity) => Number(severity) >= severityError)
      ? [row["_ws.expert.message"]]
      : []),
  ];
  return found.map((problem) => `frame ${index + 1}: ${problem}`);
}

/** All values of each field that there is: the packet's own, then those of a packet that it quotes. */
type FieldValues = Record<string, (number | string | boolean)[]>;

function fieldsOfRow(row: Row): FieldValues {
  const found = packetFields.map(
    ({ name, type }) => [name, values(row[name]).map((text) => typed(type, text))] as const,
  );
  // Wireshark also reads the DNS message in a datagram that an ICMP error quotes; the debugger shows its bytes.
  const isDecoded = (name: string) => row["icmp.type"] === "" || !name.startsWith("dns.");
  return Object.fromEntries(found.filter(([name, list]) => list.length > 0 && isDecoded(name)));
}

function fieldsOfLayers(layers: readonly Layer[]): FieldValues {
  const found: FieldValues = {};
  for (const { name, value } of layers.flatMap(fieldsOfLayer)) {
    found[name] ??= [];
    found[name].push(value);
  }
  return found;
}

/**
 * Those that Wireshark has too: it marks an ARP packet only if it is gratuitous, and leaves out these two of quoted TCP; of TCP that
 * a redirect quotes it reads the ports alone.
 */
function fieldsOfLayer({ fields, quoted }: Layer): readonly FieldValue[] {
  const own = fields.filter(
    ({ name, value }) => !name.startsWith("data.") && !(name === "arp.isgratuitous" && value === false),
  );
  const isRedirect = fields.some(({ name, value }) => name === "icmp.type" && value === 5);
  const inner = (quoted ?? [])
    .flatMap(fieldsOfLayer)
    .filter(({ name }) => !isRedirect || !name.startsWith("tcp.") || /port$/.test(name));
  return [...own, ...inner.filter(({ name }) => name !== "tcp.seq_raw" && name !== "tcp.len")];
}

function values(text: string): readonly string[] {
  return text === "" ? [] : text.split(",");
}

/** As tshark prints it: numbers decimal or `0x…`, truth as `1` or `True`, `sack_perm` as its octets. */
function typed(type: FieldType, text: string): number | string | boolean {
  if (type === "int") return Number(text);
  return type === "bool" ? text !== "0" && text !== "False" : text;
}
