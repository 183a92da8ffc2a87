import { expect, test } from "vitest";
import { layersOf } from "../../src/lab/inspect/layers.ts";
import { runLab } from "./run-lab.ts";

const cluster = `
cluster { dns coredns replicas 1 }
node node1 { pod client; pod web { labels app=web; container web { listen tcp 8080 http } } }
service web { port 80 -> 8080; selector app=web }
`;

function run(statements: string, more = "") {
  const { output, trace, frames } = runLab(`${cluster}${more}\nscenario "s" {\n${statements}\n}`);
  return { text: output.map(({ text }) => text).join(""), trace, frames };
}

/** DNS messages that pass the client's eth0. */
function messages(frames: readonly { device: string }[], trace: readonly string[]): string[] {
  expect(frames.length).toBeGreaterThan(0);
  const passing = trace.filter(
    (line) => / veth\.(transmit|receive) @ client\/eth0 /.test(line) && line.includes(" DNS "),
  );
  return passing.map((line) =>
    line
      .replace(/.* DNS /, "")
      .replace(/0x[\da-f]{4}/, "ID")
      .replace(/ \[.*/, ""),
  );
}

test("1. octets without a whole header get no answer; behind a header they get FORMERR, NOTIMP for what is no query", () => {
  const { trace, frames } = run(`
    udp client -> 10.96.0.10:53 payload "no header"
    expect !reply.received
    udp client -> 10.96.0.10:53 hex 002a0100000100000000000003776562
    expect reply.received
    udp client -> 10.96.0.10:53 hex 002a28000001000000000000
    expect reply.received`);
  expect(messages(frames, trace)).toEqual(
    [
      "Standard query response ID Format error",
      "Dynamic update ID",
      "Dynamic update response ID Not implemented",
    ].filter((line) => line !== "Dynamic update ID"),
  );
});

test("1b. a name that leads in a ring is answered with FORMERR, and the packet says why it is no message", () => {
  const ring = "002a01000001000000000000 0177c00c 00010001".replaceAll(" ", "");
  const { trace, frames } = run(`
    udp client -> 10.96.0.10:53 hex ${ring}
    expect reply.received`);
  expect(messages(frames, trace)).toEqual(["Standard query response ID Format error"]);
  const summaries = frames.flatMap(({ frame }) => layersOf(frame)).filter(({ name }) => name === "DNS");
  expect(summaries[0]).toEqual({
    name: "DNS",
    summary: "malformed: a compression pointer to 12, which is not before it",
    fields: [],
  });
});

test("2. a pod whose CoreDNS is away waits for five seconds, twice, for the first name and for the last", () => {
  const { text, frames, trace } = run(`
    ip -n coredns-1 link set eth0 down
    curl client -> http://web.default/
    expect error == "EAI_AGAIN" && answer.timeMs >= 20000.0`);
  expect(text).toContain("curl: (6) Could not resolve host: web.default");
  expect(new Set(messages(frames, trace))).toEqual(
    new Set([
      "Standard query ID A web.default.default.svc.cluster.local",
      "Standard query ID AAAA web.default.default.svc.cluster.local",
      "Standard query ID A web.default",
      "Standard query ID AAAA web.default",
    ]),
  );
});

test("3. without forward, names of others are refused at once", () => {
  const { text } = run(`
    dig client -> www.example.com
    expect answer.status == "REFUSED"`);
  expect(text).toContain("status: REFUSED");
});

test("4. dig prints what it heard, and complains for each try when it hears nothing", () => {
  const { text } = run("dig client -> web.default.svc.cluster.local id 1234");
  expect(text).toBe(
    [
      "",
      "; <<>> DiG 9.18 <<>> @10.96.0.10 web.default.svc.cluster.local +nocookie",
      "; (1 server found)",
      ";; global options: +cmd",
      ";; Got answer:",
      ";; WARNING: .local is reserved for Multicast DNS",
      ";; You are currently testing what happens when an mDNS query is leaked to DNS",
      ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1234",
      ";; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1",
      ";; WARNING: recursion requested but not available",
      "",
      ";; OPT PSEUDOSECTION:",
      "; EDNS: version: 0, flags:; udp: 1232",
      ";; QUESTION SECTION:",
      ";web.default.svc.cluster.local.\tIN\tA",
      "",
      ";; ANSWER SECTION:",
      "web.default.svc.cluster.local. 30 IN\tA\t10.96.1.1",
      "",
      ";; Query time: 0 msec",
      ";; SERVER: 10.96.0.10#53(10.96.0.10) (UDP)",
      ";; MSG SIZE  rcvd: 103",
      "",
      "",
    ].join("\n"),
  );
  const silent = run(
    "dig client -> web server web.default:1 tries 2 timeout 1s".replace("web.default:1", "10.244.0.99"),
  ).text;
  expect(silent).toBe(
    [
      ";; communications error to 10.244.0.99#53: timed out",
      ";; communications error to 10.244.0.99#53: timed out",
      "",
      "; <<>> DiG 9.18 <<>> @10.244.0.99 web +nocookie",
      "; (1 server found)",
      ";; global options: +cmd",
      ";; no servers could be reached",
      "",
    ].join("\n"),
  );
  expect(run("dig client -> web server 10.244.0.3 tries 1").text).toContain(
    ";; communications error to 10.244.0.3#53: connection refused\n",
  );
});
