import { expect, test } from "vitest";
import { resolvConfOf } from "../../src/kube/dns/resolv-conf.ts";
import { compileSync } from "../../src/language/compile.ts";
import { typeOf } from "../../src/wire/dns.ts";
import { printData, printType } from "../../src/wire/dns-text.ts";
import { formatIpv4 } from "../../src/wire/ipv4-address.ts";

function problems(text: string): string[] {
  return compileSync(text, "x.k8snet").diagnostics.map(
    ({ range, code, message }) => `${range.line}:${range.column} ${code}: ${message}`,
  );
}

const cluster = `cluster { dns coredns replicas 1 }
node node1 {
  pod client
  pod web { labels app=web; container web { listen tcp 8080 http } }
}
service web { port 80 -> 8080 name http; selector app=web }
`;

/** `/etc/resolv.conf` of the pod p with these settings. */
function resolvConf(settings: string, clusterSettings = "dns coredns forward 203.0.113.53"): string {
  const text = `cluster { ${clusterSettings} }\nnode n { pod p { ${settings} } }`;
  const { layout, diagnostics } = compileSync(text, "x.k8snet");
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  const found = layout.names.resolve("n/p");
  const conf = found.kind === "found" ? resolvConfOf(layout, found.ref) : undefined;
  if (conf === undefined) return "none";
  const { nameservers, search, ndots, timeoutNs, attempts, ...flags } = conf;
  const options = [`ndots:${ndots}`, `timeout:${timeoutNs / 1e9}`, `attempts:${attempts}`, ...Object.keys(flags)];
  return [nameservers.map(formatIpv4), search, options].map((words) => words.join(" ")).join(" | ");
}

const clusterFirst = "default.svc.cluster.local svc.cluster.local cluster.local";

test.each([
  ["", `10.96.0.10 | ${clusterFirst} | ndots:5 timeout:5 attempts:2`],
  [
    "namespace shop",
    "10.96.0.10 | shop.svc.cluster.local svc.cluster.local cluster.local | ndots:5 timeout:5 attempts:2",
  ],
  ["options ndots:2 single-request", `10.96.0.10 | ${clusterFirst} | ndots:2 timeout:5 attempts:2 singleRequest`],
  [
    "nameserver 1.1.1.1; search example.com",
    `10.96.0.10 1.1.1.1 | ${clusterFirst} example.com | ndots:5 timeout:5 attempts:2`,
  ],
  ["dnsPolicy None; nameserver 1.1.1.1; options timeout:1 attempts:3", "1.1.1.1 |  | ndots:1 timeout:1 attempts:3"],
  ["dnsPolicy Default", "203.0.113.53 |  | ndots:1 timeout:5 attempts:2"],
  ["hostNetwork", "203.0.113.53 |  | ndots:1 timeout:5 attempts:2"],
  ["hostNetwork; dnsPolicy ClusterFirstWithHostNet", `10.96.0.10 | ${clusterFirst} | ndots:5 timeout:5 attempts:2`],
  ["dnsPolicy None", "none"],
])("/etc/resolv.conf of a pod with %s", (settings, conf) => {
  expect(resolvConf(settings)).toBe(conf);
});

test("without a cluster DNS a pod has none, unless it states a nameserver; its domain and address can be others", () => {
  expect(resolvConf("", "cni bridge")).toBe("none");
  expect(resolvConf("nameserver 1.1.1.1", "cni bridge")).toBe("1.1.1.1 |  | ndots:1 timeout:5 attempts:2");
  expect(resolvConf("", "dns coredns domain my.zone clusterIP 10.96.0.99")).toBe(
    "10.96.0.99 | default.svc.my.zone svc.my.zone my.zone | ndots:5 timeout:5 attempts:2",
  );
});

test("CoreDNS is two pods behind kube-dns, on the nodes in turn, and knows every Service", () => {
  const { plan, layout } = compileSync(cluster.replace(" replicas 1", ""), "x.k8snet");
  const listeners = [...plan.setUp()].flatMap((command) => (command.do === "listen" ? [command] : []));
  const shown = listeners.map(({ netns, protocol, port, program }) => `${netns} ${protocol} ${port} ${program}`);
  expect(shown.slice(1)).toEqual([
    ...["coredns-1 udp 53 dns", "coredns-1 tcp 53 dns"],
    ...["coredns-2 udp 53 dns", "coredns-2 tcp 53 dns"],
  ]);
  expect(layout.services.map(({ name, clusterIP }) => `${name} ${formatIpv4(clusterIP ?? 0)}`)).toEqual([
    "web 10.96.1.1",
    "kube-dns 10.96.0.10",
  ]);
  const records = layout
    .clusterNames()
    .zones.flatMap((zone) => zone.records)
    .map((one) => `${one.name} ${printType(typeOf(one))} ${printData(one)}`);
  expect(records).toEqual([
    "web.default.svc.cluster.local A 10.96.1.1",
    "_http._tcp.web.default.svc.cluster.local SRV 0 100 80 web.default.svc.cluster.local.",
    "10-244-0-3.web.default.svc.cluster.local A 10.244.0.3",
    "kube-dns.kube-system.svc.cluster.local A 10.96.0.10",
    "_dns._udp.kube-dns.kube-system.svc.cluster.local SRV 0 100 53 kube-dns.kube-system.svc.cluster.local.",
    "_dns-tcp._tcp.kube-dns.kube-system.svc.cluster.local SRV 0 100 53 kube-dns.kube-system.svc.cluster.local.",
    "10-244-0-4.kube-dns.kube-system.svc.cluster.local A 10.244.0.4",
    "10-244-0-5.kube-dns.kube-system.svc.cluster.local A 10.244.0.5",
    "ns.dns.cluster.local A 10.96.0.10",
    "1.1.96.10.in-addr.arpa PTR web.default.svc.cluster.local.",
    "10.0.96.10.in-addr.arpa PTR kube-dns.kube-system.svc.cluster.local.",
  ]);
});

test("who has a resolv.conf looks names up; nodes, and names that the file itself gives, need no DNS", () => {
  const curl = (line: string) => {
    const { plan } = compileSync(`${cluster}scenario "s" { ${line} }`, "x.k8snet");
    const [statement] = plan.scenarios[0].statements;
    if (statement.do !== "curl") return statement.do;
    const { destination } = statement;
    return typeof destination === "number" ? formatIpv4(destination) : `DNS: ${destination.name}`;
  };
  expect(curl("curl client -> http://web.default/")).toBe("DNS: web.default");
  expect(curl("curl client -> http://www.example.com/")).toBe("DNS: www.example.com");
  expect(curl("curl client -> http://coredns-1/")).toBe("10.244.0.4");
  expect(curl("curl node1 -> http://web.default/")).toBe("10.96.1.1");
  expect(curl("curl client -> http://10.96.1.1/")).toBe("10.96.1.1");
});

const long = Array(4).fill("x".repeat(63)).join(".");

test.each([
  ["cluster { dns kubedns }", '1:15 unknown-dns: The cluster\'s DNS is one of coredns, not "kubedns".'],
  ["cluster { dns }", "1:11 missing-value: Write which server: dns coredns."],
  ["cluster { dns coredns replica 3 }", '1:23 unknown-option: dns has no option "replica". Did you mean replicas?'],
  [
    "cluster { dns coredns forward upstream }",
    '1:31 bad-address: "upstream" is not an IPv4 address, such as 10.244.1.9.',
  ],
  ["service a { externalName a..b }", '1:26 bad-dns-name: "a..b" has an empty label.'],
  [
    "node n { pod p { dnsPolicy Never } }",
    '1:28 bad-dns-policy: The dnsPolicy is one of ClusterFirst, ClusterFirstWithHostNet, Default, None, not "Never".',
  ],
  [
    "node n { pod p { options ndots } }",
    '1:26 unknown-option: There is no resolver option "ndots"; there are ndots:N, timeout:N, attempts:N, single-request, single-request-reopen, use-vc.',
  ],
  ["node n { pod p { options ndots:99 } }", '1:26 bad-number: "99" is not a number from 0 to 15.'],
  [
    "node n { pod p { nameserver 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 } }",
    "1:53 too-many-nameservers: A resolver asks at most 3 nameservers.",
  ],
  [
    "node n { pod p[1..2] { hostname a } }",
    "1:14 hostname-of-range: Pods of a range have hostnames of their own: their names, where a subdomain is stated.",
  ],
  [
    "host h { container c { listen udp 53 dns; record a.com } }",
    "1:50 missing-value: Write a name, a type and what it leads to: record shop.example.com A 203.0.113.80.",
  ],
  [
    "host h { container c { listen udp 53 dns; record a.com MX 1.2.3.4 } }",
    '1:56 bad-record-type: The type of a record is one of A, CNAME, PTR, NS, not "MX".',
  ],
])("%s", (text, problem) => {
  expect(problems(text)).toContain(problem);
});

test.each([
  [
    `dig client -> ${long}`,
    `8:15 bad-dns-name: "${long.slice(0, 64)}…" has 255 characters, and a domain name at most 253.`,
  ],
  [
    `curl client -> http://${"y".repeat(64)}.com/`,
    `8:23 bad-dns-name: "${"y".repeat(64)}…" has a label of 64 characters, and a label has at most 63.`,
  ],
  [
    "dig client -> web type NOPE",
    '8:24 bad-record-type: There is no type of record "NOPE", such as A, AAAA, SRV, PTR or TYPE65.',
  ],
  [
    "dig node1 -> web",
    "8:14 no-nameserver: node1 has no nameserver: say whom to ask, such as server 10.96.0.10, or declare one: cluster { dns coredns }.",
  ],
  [
    "curl client -> http://webb/",
    '8:23 unknown-name: No Service, pod or node is called "webb": DNS will say that there is no such name. Did you mean web?',
  ],
  ["udp client -> 10.96.0.10:53 hex 0g", "8:33 bad-hex: hex takes octets of two digits each, such as 002a0100."],
])("%s", (line, problem) => {
  expect(problems(`${cluster}scenario "s" {\n${line} }`)).toContain(problem);
});
