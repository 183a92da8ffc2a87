import { expect, test } from "vitest";
import { runLab } from "./run-lab.ts";

function cluster(controller: string): string {
  return `
cluster { cni host-gw; ingressController nginx ${controller} }
node node1 { address 192.168.1.11/24; gateway 192.168.1.1 }
node node2 { address 192.168.1.12/24; gateway 192.168.1.1
  pod shop { labels app=shop; container web { listen tcp 8080 whoami } }
  pod deaf { labels app=deaf; container web { listen tcp 8080 http } } }
service shop { port 80 -> 8080; selector app=shop }
service deaf { port 80 -> 8080; selector app=deaf }
service shut { port 80 -> 1; selector app=shop }
ingress shop { path / -> shop:80; path /deaf -> deaf:80; path /shut -> shut:80 }
host client { address 192.168.1.9/24 }
host gateway { address 192.168.1.1/24 }
`;
}

function run(controller: string, statements: string): string {
  const { output } = runLab(`${cluster(controller)}scenario "s" {\n${statements}\n}`);
  expect(output.filter((row) => row.expectation === "failed").map(({ text }) => text)).toEqual([]);
  return output.map(({ text }) => text).join("");
}

test("1. policy Cluster: the proxy sees the node that the client came in by, and so does the server behind it", () => {
  const text = run(
    "nodePort 30080",
    `curl client -> http://192.168.1.12:30080/
     expect response.status == 200 && !response.body.contains("192.168.1.9")`,
  );
  expect(text).toContain("X-Forwarded-For: 192.168.1.12\n");
});

test("2. policy Local: where the proxy runs the client's address arrives, elsewhere nobody answers", () => {
  const text = run(
    "nodePort 30080 externalTrafficPolicy Local",
    `curl client -> http://192.168.1.11:30080/
     expect response.body.contains("X-Forwarded-For: 192.168.1.9\\n")
     curl client -> http://192.168.1.12:30080/ timeout 2s
     expect error == "timeout"`,
  );
  expect(text).toContain("X-Forwarded-For: 192.168.1.9\n");
});

test("3. an endpoint that refuses is 502, one that is silent 504 after five seconds", () => {
  run(
    "nodePort 30080",
    `curl client -> http://192.168.1.11:30080/shut
     expect response.status == 502
     iptables -n node2 -A FORWARD -d 10.244.1.3/32 -j DROP
     curl client -> http://192.168.1.11:30080/deaf timeout 10s
     expect response.status == 504`,
  );
});
