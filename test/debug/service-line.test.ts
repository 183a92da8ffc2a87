import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { dapHarness } from "./harness.ts";

/** Breakpoints on the lines of a Service, of its port, and of a rule that the file itself writes. */
const dap = dapHarness();
const lab = (name: string) => fileURLToPath(import.meta.resolve(`../labs/${name}.k8snet`));

/** Sets a breakpoint on the line that begins so, and says what it means and where packets stop, until the end. */
async function stopsAt(program: string, text: string): Promise<readonly string[]> {
  const line =
    readFileSync(program, "utf8")
      .split("\n")
      .findIndex((one) => one.trim().startsWith(text)) + 1;
  const client = await dap.open({ program });
  const { body } = await client.setBreakpointsRequest({ source: { path: program }, breakpoints: [{ line }] });
  const seen = [String(body.breakpoints[0].message)];
  let from = client.recorded.length;
  await client.configurationDoneRequest();
  for (;;) {
    const stop = await Promise.race([client.event("stopped", from), client.event("terminated", from)]);
    if (stop.event === "terminated") return seen;
    const { threadId } = stop.body;
    const { stackFrames } = (await client.stackTraceRequest({ threadId, levels: 1 })).body;
    seen.push(stackFrames[0].name.replace(/[A-Z2-7]{16}/, "…"));
    from = client.recorded.length;
    await client.continueRequest({ threadId });
  }
}

test("1. A Service's line: the packet comes to it, and its endpoint is chosen; the answers pass without a stop", async () => {
  const stops = [
    "stops when a packet comes to default/web, when its endpoint is chosen, or when it has none",
    "nf.prerouting · KUBE-SVC-… rule 1 @ node1",
    "nf.prerouting · KUBE-SEP-… rule 1 @ node1",
    "nf.prerouting · KUBE-SVC-… rule 1 @ node1",
    "nf.prerouting · KUBE-SEP-… rule 1 @ node1",
  ];
  expect(await stopsAt(lab("service-endpoints"), "service web")).toEqual(stops);
  expect(await stopsAt(lab("service-endpoints"), "port 80")).toEqual(stops);
});

test("2. A rule's own line in the file: packets that are tried on it", async () => {
  expect(await stopsAt(lab("rule-by-rule"), "-A SERVICES -d 10.96.0.10")).toEqual([
    "stops when a packet is tried on this rule",
    "nf.prerouting · SERVICES rule 2 @ node1",
  ]);
});

/** A Service whose only pod is not ready, and one whose policy keeps to a node that has none of its pods. */
const unserved = (mode: string) => `cluster { cni host-gw; proxy ${mode} }

node node1 { address 192.168.1.11/24; gateway 192.168.1.1; pod client }
node node2 { address 192.168.1.12/24; pod web { labels app=web; ready false }; pod far { labels app=far } }
router gw { address 192.168.1.1/24 }

service empty {
  clusterIP 10.96.0.10
  port 80 -> 8080 name http
  port 81 -> 8081 name admin
  selector app=web
}
service near { clusterIP 10.96.0.11; port 80 -> 8080; selector app=far; internalTrafficPolicy Local }

scenario "refused and dropped" {
  curl client -> http://10.96.0.10/ timeout 500ms
  curl client -> http://10.96.0.11/ timeout 500ms
}
`;

test.each([
  { mode: "iptables", rejected: "nf.reject · KUBE-SERVICES rule 1 @ node1" },
  { mode: "nftables", rejected: "nf.reject · reject-chain rule 1 @ node1" },
])(
  "3. A Service without endpoints: packets that are refused in its name, and no others: $mode",
  async ({ mode, rejected }) => {
    const program = dap.program(unserved(mode), "unserved.k8snet");
    const means = (service: string) =>
      `stops when a packet comes to ${service}, when its endpoint is chosen, or when it has none`;
    expect(await stopsAt(program, "service empty")).toEqual([means("default/empty"), rejected]);
    expect(await stopsAt(program, "port 80")).toEqual([means("default/empty"), rejected]);
    expect(await stopsAt(program, "port 81")).toEqual([means("default/empty")]);
    expect(await stopsAt(program, "service near")).toEqual([means("default/near"), "drop @ node1/cni0"]);
  },
);
