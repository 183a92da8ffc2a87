import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import { digest } from "../../../src/sim/digest.ts";
import { formatIpv4 } from "../../../src/wire/ipv4-address.ts";
import { labText, runLab } from "../run-lab.ts";
import { captureOf, captureOfRun, kernelCapture, notesOf, open, resume, say, tree } from "./captures.ts";

/** `conntrack -L` without the time that is left, the mark and how often it is in use, and without the line that counts. */
function connections(lines: readonly string[]): readonly string[] {
  const rows = lines.filter((line) => / src=/.test(line));
  return rows.map((line) => line.replace(/^(\w+) +\d+ \d+ /, "$1 ").replace(/ mark=.*$/, "")).sort();
}

/** What the kernel's `conntrack -L` said at the end of a scenario of `test/captures/kernel`, in a namespace. */
function kernelConnections(scenario: string, netns: string): readonly string[] {
  const states = readFileSync(`test/captures/kernel/${scenario}/state.txt`, "utf8").split(/^== (?:after|end).*$/m);
  const prefix = `  ${netns}: conntrack `;
  const lines = (states.at(-1) ?? "").split("\n").filter((line) => line.startsWith(prefix));
  return lines.map((line) => line.slice(prefix.length)).sort();
}

function isLike(row: string, listed = ""): boolean {
  const pattern = listed.split("*").map((part) => part.replace(/[[\].]/g, "\\$&"));
  return new RegExp(`^${pattern.join("\\d+")}$`).test(row);
}

describe("connections of a capture", () => {
  it.each([
    ["service-endpoints", undefined, "node1"],
    ["egress", undefined, "node1"],
    ["egress", undefined, "gateway"],
    ["dns", undefined, "node1"],
  ])("1. %s: where packets are rewritten, they are those of the run (%s, %s)", (name, scenario, netns) => {
    const run = runLab(labText(name), scenario);
    const lab = open(captureOfRun(run));
    resume(lab);
    const ran = connections(say(run.lab, `ip netns exec ${netns} conntrack -L`));
    expect(ran).not.toEqual([]);
    expect(connections(say(lab, `ip netns exec ${netns} conntrack -L`))).toEqual(ran);
  });

  it.each([
    ["10a-clusterip-same-node", "node1"],
    ["10b-clusterip-brnf0", "node1"],
    ["11a-hairpin-on-brnf1", "node1"],
    ["12a-nodeport-cluster", "node1"],
    ["12a-nodeport-cluster", "node2"],
    ["13-egress-masquerade", "node1"],
  ])("2. of a real kernel's frames they are those that it listed (%s, %s)", (scenario, netns) => {
    const lab = open(kernelCapture(scenario));
    resume(lab);
    const listed = kernelConnections(scenario, netns);
    expect(listed).not.toEqual([]);
    const seen = connections(say(lab, `ip netns exec ${netns} conntrack -L`));
    // A port that the kernel drew is a star in the recorded list.
    expect(seen.map((row, index) => (isLike(row, listed[index]) ? listed[index] : row))).toEqual(listed);
  });
});

describe("what is seen and what is inferred", () => {
  it("1. each row says which packet shows it, and whether by itself", () => {
    const lab = open(captureOf("egress", "an error on the way is translated back"));
    resume(lab);
    expect(say(lab, "ip netns exec node1 conntrack -L")).toMatchInlineSnapshot(`
      [
        "udp      17 29 src=10.244.0.2 dst=203.0.113.80 sport=40001 dport=9999 [UNREPLIED] src=203.0.113.80 dst=192.168.1.11 sport=9999 dport=40001 mark=0 use=1 # seen: node1 rewrote #3",
        "icmp     1 29 src=10.244.0.2 dst=203.0.113.80 type=8 code=0 id=58120 [UNREPLIED] src=203.0.113.80 dst=192.168.1.11 type=0 code=0 id=58120 mark=0 use=1 # seen: node1 rewrote #9",
        "conntrack v1.4.7 (conntrack-tools): 2 flow entries have been shown.",
      ]
    `);
    expect(tree(lab, ["node1", "node1", "Connections"])).toMatchInlineSnapshot(`
      [
        "udp 10.244.0.2:40001 > 203.0.113.80:9999 [UNREPLIED] answers src=203.0.113.80 dst=192.168.1.11 sport=9999 dport=40001 # seen: node1 rewrote #3",
        "icmp 10.244.0.2:58120 > 203.0.113.80 [UNREPLIED] answers src=203.0.113.80 dst=192.168.1.11 type=0 code=0 id=58120 # seen: node1 rewrote #9",
      ]
    `);
  });

  it("2. a translated packet proves that the others of its namespace are tracked, too; their rows are inferred", () => {
    const lab = open(kernelCapture("12a-nodeport-cluster"));
    resume(lab);
    expect(
      say(lab, "ip netns exec node2 conntrack -L").map((row) => row.replace(/ src=.*?(?= # )/, "")),
    ).toMatchInlineSnapshot(`
      [
        "tcp      6 118 TIME_WAIT # inferred: #3 passed node2, which rewrites others",
        "tcp      6 119 TIME_WAIT # seen: node2 rewrote #20",
        "conntrack v1.4.7 (conntrack-tools): 2 flow entries have been shown.",
      ]
    `);
  });

  it("3. a plain router may track connections or not", () => {
    const capture = captureOf("cni-host-gw");
    expect(notesOf(capture)).toMatchInlineSnapshot(`
      [
        "node1, node2 rewrite no packet: whether connections are tracked there cannot be known.",
      ]
    `);
    const lab = open(capture);
    resume(lab);
    expect(connections(say(lab, "ip netns exec node1 conntrack -L"))).toEqual([]);
  });

  it("4. where only one side of the machine was captured, nothing proves anything", () => {
    const run = runLab(labText("egress"));
    const lab = open(captureOfRun(run, ["node1/eth0"]));
    resume(lab);
    expect(connections(say(lab, "ip netns exec node1 conntrack -L"))).toEqual([]);
    expect(say(lab, "ip -n node1 route")).toMatchInlineSnapshot(`
      [
        "203.0.113.80 via 192.168.1.1 dev eth0 # seen in #3",
      ]
    `);
  });

  it("5. an answer does not begin a connection whose beginning came before the capture", () => {
    const run = runLab(labText("service-endpoints"));
    const answer = run.frames.findIndex(
      ({ frame: { payload } }) => payload.kind === "ipv4" && payload.source === 0x0af4_0103,
    );
    const lab = open(captureOfRun({ ...run, frames: run.frames.slice(answer) }));
    resume(lab);
    expect(connections(say(lab, "ip netns exec node1 conntrack -L"))).toMatchInlineSnapshot(`
      [
        "tcp ESTABLISHED src=10.244.1.2 dst=10.96.0.10 sport=47256 dport=80 src=10.244.1.3 dst=10.244.1.2 sport=8080 dport=47256 [ASSURED]",
        "tcp FIN_WAIT src=10.244.1.2 dst=10.96.0.10 sport=39368 dport=80 src=10.244.1.3 dst=10.244.1.2 sport=8080 dport=39368 [ASSURED]",
      ]
    `);
  });

  it("6. an echo over UDP is another packet than what it echoes, and rewrites nothing", () => {
    const lab = open(captureOf("cni-vxlan", "pod to pod through the tunnel"));
    resume(lab);
    expect(connections(say(lab, "ip netns exec pod2 conntrack -L"))).toEqual([]);
  });
});

describe("packets that are alike", () => {
  it.each([
    ["gallery/ip-forward-off", "no pod of node1 leaves its node", "node1", "pings of several machines"],
    ["gallery/dns-race", "both at once", "coredns-1", "a question that a DNS server passes on"],
    ["gallery/mtu-black-hole", "pods have the MTU that is left", "node2", "fragments of a request and of its answer"],
  ])("%s: nothing is rewritten (%s, %s): %s", (name, scenario, netns) => {
    const lab = open(captureOf(name, scenario));
    resume(lab);
    expect(connections(say(lab, `ip netns exec ${netns} conntrack -L`))).toEqual([]);
  });

  it("a packet that waited for ARP for a second is still the same", () => {
    const run = runLab(labText("gallery/dns-race"), "one after the other");
    const lab = open(captureOfRun(run));
    resume(lab);
    const ran = connections(say(run.lab, "ip netns exec node1 conntrack -L"));
    expect(ran.some((row) => row.includes("dst=10.96.0.10"))).toBe(true);
    expect(connections(say(lab, "ip netns exec node1 conntrack -L"))).toEqual(ran);
  });
});

describe("routes of a capture", () => {
  it("1. are those that packets were seen to take, one for each destination", () => {
    const lab = open(captureOf("egress"));
    resume(lab);
    const routes = (netns: string) => say(lab, `ip -n ${netns} route`);
    expect(["pod1", "node1", "gateway", "internet"].map((netns) => [netns, ...routes(netns)])).toMatchInlineSnapshot(`
      [
        [
          "pod1",
          "203.0.113.80 via 10.244.0.1 dev eth0 # seen in #3",
        ],
        [
          "node1",
          "10.244.0.2 dev cni0 scope link # seen in #8",
          "203.0.113.80 via 192.168.1.1 dev eth0 # seen in #3",
        ],
        [
          "gateway",
          "192.168.1.11 dev eth0 scope link # seen in #8",
          "203.0.113.80 dev eth1 scope link # seen in #3",
        ],
        [
          "internet",
          "198.51.100.11 via 203.0.113.1 dev eth0 # seen in #8",
        ],
      ]
    `);
    expect(say(lab, "ip -n node1 route get 203.0.113.80")[0]).toMatchInlineSnapshot(
      `"203.0.113.80 via 192.168.1.1 dev eth0 src 192.168.1.11 uid 0"`,
    );
  });

  it("2. say so where no ARP tells whose address the frame went to", () => {
    const lab = open(captureOf("cni-vxlan", "pod to pod through the tunnel"));
    resume(lab);
    expect(tree(lab, ["node1", "node1", "Routes"])).toMatchInlineSnapshot(`
      [
        "10.244.0.2 dev cni0 scope link # seen in #8",
        "10.244.1.2 dev flannel.1 scope link # seen in #3, to 02:fa:0a:f4:01:00; no ARP told whose it is, so the gateway is unknown",
        "192.168.1.12 dev eth0 scope link # seen in #3",
      ]
    `);
  });

  it.each(["router-and-host", "cni-host-gw", "cni-routed", "egress", "ingress"])(
    "3. %s: lead where those of the run lead",
    (name) => {
      const run = runLab(labText(name));
      const seen = open(captureOfRun(run));
      resume(seen);
      const ways = waysOf(seen);
      expect(ways.length).toBeGreaterThan(2);
      expect(ways.map(({ netns, destination }) => wayOf(run.lab, netns, destination))).toEqual(
        ways.map(({ netns, destination }) => wayOf(seen, netns, destination)),
      );
    },
  );
});

function waysOf({ world: { namespaces, routes } }: Lab) {
  return [...namespaces.table.rows()].flatMap((netns) =>
    routes.ofMain(netns).map((row) => ({ netns: namespaces.name.get(netns), destination: routes.network.get(row) })),
  );
}

/** By which device and gateway a packet for somebody leaves a namespace. */
function wayOf({ world: { namespaces, routes, devices } }: Lab, name: string, destination: number): string {
  const netns = [...namespaces.table.rows()].find((row) => namespaces.name.get(row) === name) ?? 0;
  const row = routes.lookup(netns, destination);
  const gateway = formatIpv4(routes.gateway.get(row));
  return `${name}: ${formatIpv4(destination)} via ${gateway} dev ${devices.name.get(routes.device.get(row))}`;
}

describe("the debugger at rebuilt rows", () => {
  it("1. data breakpoints stop where a connection and a route come", () => {
    const lab = open(captureOf("service-endpoints"));
    lab.dataBreakpoints.set([{ dataId: "routes:client" }, { dataId: "connections:node1" }]);
    expect(resume(lab).text).toMatchInlineSnapshot(
      `"added route client 10.96.0.10: 10.96.0.10 via 10.244.1.1 dev eth0 # seen in #3 (data breakpoint, after veth.transmit of #3)"`,
    );
    expect(resume(lab).text).toMatchInlineSnapshot(
      `"added conntrack node1 tcp 10.244.1.2:39368 > 10.96.0.10:80: tcp      6 120 SYN_SENT src=10.244.1.2 dst=10.96.0.10 sport=39368 dport=80 [UNREPLIED] src=10.244.1.3 dst=10.244.1.2 sport=8080 dport=39368 mark=0 use=2 # seen: node1 rewrote #3 (data breakpoint, after veth.transmit of #3)"`,
    );
    expect(resume(lab).text).toMatchInlineSnapshot(
      `"conntrack node1 tcp 10.244.1.2:39368 > 10.96.0.10:80: state SYN_SENT [UNREPLIED] → state SYN_RECV (data breakpoint, after veth.transmit of #8)"`,
    );
  });

  it.each([
    { dataId: "routes:client", before: [0, 0], after: [0, 1] },
    { dataId: "connections:node1", before: [0, 1], after: [1, 1] },
  ])("2. Step Back takes a row of $dataId away, and going on brings it again", ({ dataId, before, after }) => {
    const lab = open(captureOf("service-endpoints"));
    const { sim } = lab.world;
    lab.dataBreakpoints.set([{ dataId }]);
    const { threadId } = resume(lab);
    const rows = () => [
      connections(say(lab, "ip netns exec node1 conntrack -L")).length,
      say(lab, "ip -n client route").filter((line) => line.includes("dev")).length,
    ];
    const hash = digest(sim);
    expect(rows()).toEqual(after);
    resume(lab, lab.stepBack(threadId));
    expect(rows()).toEqual(before);
    resume(lab, lab.stepInto(threadId));
    expect(rows()).toEqual(after);
    expect(digest(sim)).toBe(hash);
  });

  it.each(["service-endpoints", "egress", "dns"])(
    "3. %s: N events back and N forward, the world is the same",
    (name) => {
      const lab = open(captureOf(name));
      const { sim } = lab.world;
      const hashes = [digest(sim)];
      for (const motion = lab.continue(); motion.advance(1).kind === "more"; ) hashes[sim.position] = digest(sim);
      const end = sim.recorded;
      hashes[end] = digest(sim);
      for (let position = end; position >= 0; position -= 7) {
        sim.goTo(position);
        if (hashes[position] !== undefined) expect(digest(sim), `back to ${position}`).toBe(hashes[position]);
      }
      sim.goTo(end);
      sim.goTo(0);
      sim.goTo(Math.floor(end / 2));
      sim.forgetFuture();
      resume(lab);
      expect(sim.recorded).toBe(end);
      expect(digest(sim)).toBe(hashes[end]);
    },
  );
});
