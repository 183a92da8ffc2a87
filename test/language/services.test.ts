import { describe, expect, test } from "vitest";
import { type Compilation, compileSync } from "../../src/language/compile.ts";
import { formatIpv4 } from "../../src/wire/ipv4-address.ts";

/** Two nodes with pods that carry labels, and the lines of the test, the first of which is line 3. */
function cluster(...lines: string[]): Compilation {
  const web = "container c { listen tcp 8080 http name web }";
  return compileSync(
    [
      `node n1 { podCIDR 10.244.1.0/24; pod client; pod a { labels app=web; ${web} } }`,
      `node n2 { podCIDR 10.244.2.0/24; pod b { labels app=web tier=front; ${web} } }`,
      ...lines,
      'scenario "s" { wait 1s }',
    ].join("\n"),
    "test.k8snet",
  );
}

function problems({ diagnostics }: Compilation): string[] {
  return diagnostics.map(({ severity, code, range, message }) => {
    const kind = severity === "error" ? "" : ` (${severity})`;
    return `${range.line}:${range.column}${kind} ${code}: ${message}`;
  });
}

/** `web/default 10.96.1.1 80->8080`, and the endpoints of each slice. */
function services(compilation: Compilation): string[] {
  expect(problems(compilation)).toEqual([]);
  return compilation.layout.services.map(({ name, namespace, clusterIP, ports }) => {
    const address = clusterIP === undefined ? "None" : formatIpv4(clusterIP);
    const list = ports.map(
      ({ port, targetPort, nodePort }) => `${port}->${targetPort}${nodePort ? `:${nodePort}` : ""}`,
    );
    return `${name}.${namespace} ${address} ${list.join(" ")}`;
  });
}

function endpoints({ layout }: Compilation): string[] {
  return layout.endpointSlices().map(({ service, ports, endpoints: list }) => {
    const each = list.map(({ addresses, ready, serving, terminating, nodeName }) => {
      const words = [!ready && "unready", serving && !ready && "serving", terminating && "terminating"];
      return [formatIpv4(addresses[0]), nodeName, ...words].filter((word) => word).join(" ");
    });
    return `${service} ${ports.map(({ port }) => port).join(",")}: ${each.join("; ")}`;
  });
}

describe("a service", () => {
  test("leads to the pods that its selector finds, in the order of the file", () => {
    const compiled = cluster("service web { clusterIP 10.96.0.10; port 80 -> 8080; selector app=web }");
    expect(services(compiled)).toEqual(["web.default 10.96.0.10 80->8080"]);
    expect(endpoints(compiled)).toEqual(["web 8080: 10.244.1.3 n1; 10.244.2.2 n2"]);
  });

  test("a port that states no other leads to its own number; a name is the number that the container gives it", () => {
    const compiled = cluster(
      "service s { port 80; selector app=web }",
      "service t { port 80 -> web; selector app=web }",
    );
    expect(endpoints(compiled)).toEqual(["s 80: 10.244.1.3 n1; 10.244.2.2 n2", "t 8080: 10.244.1.3 n1; 10.244.2.2 n2"]);
  });

  test("without a clusterIP takes the next free one of the upper part of the range", () => {
    const lines = ["a", "b { clusterIP 10.96.1.2", "c"].map(
      (name) => `service ${name}${name.includes("{") ? ";" : " {"} port 80; selector app=web }`,
    );
    expect(services(cluster(...lines))).toEqual([
      "a.default 10.96.1.1 80->80",
      "b.default 10.96.1.2 80->80",
      "c.default 10.96.1.3 80->80",
    ]);
  });

  test("of type NodePort takes node ports likewise; one of type LoadBalancer and Local also one for health checks", () => {
    const compiled = cluster(
      "service a { type NodePort; port 80 name x nodePort 30086; port 81 name y; selector app=web }",
      "service b { type LoadBalancer; externalTrafficPolicy Local; port 80; selector app=web }",
    );
    expect(services(compiled)).toEqual([
      "a.default 10.96.1.1 80->80:30086 81->81:30087",
      "b.default 10.96.1.2 80->80:30088",
    ]);
    expect(compiled.layout.services[1].healthCheckNodePort).toBe(30_089);
  });

  test("headless has no address", () => {
    expect(services(cluster("service h { headless; port 80; selector app=web }"))).toEqual(["h.default None 80->80"]);
  });

  test("finds pods of its own namespace only", () => {
    const compiled = cluster(
      "node n3 { podCIDR 10.244.3.0/24; pod p { namespace prod; labels app=web } }",
      "service web { namespace prod; port 80; selector app=web }",
    );
    expect(services(compiled)).toEqual(["web.prod 10.96.1.1 80->80"]);
    expect(endpoints(compiled)).toEqual(["web 80: 10.244.3.2 n3"]);
  });

  test("pods that are not ready or being deleted are endpoints that say so", () => {
    const pods = ["u { labels x=y; ready false }", "t { labels x=y; terminating }"].map((pod) => `pod ${pod}`);
    const node = `node n3 { podCIDR 10.244.3.0/24; ${pods.join("; ")} }`;
    expect(endpoints(cluster(node, "service web { port 80; selector x=y }"))).toEqual([
      "web 80: 10.244.3.2 n3 unready; 10.244.3.3 n3 unready serving terminating",
    ]);
    expect(endpoints(cluster(node, "service web { port 80; selector x=y; publishNotReadyAddresses }"))).toEqual([
      "web 80: 10.244.3.2 n3; 10.244.3.3 n3 terminating",
    ]);
  });

  test("stated endpoints take the place of a selector: pods by name, and addresses outside", () => {
    const compiled = cluster("service db { port 5432; endpoints a 192.168.7.7 }");
    expect(problems(compiled)).toEqual([]);
    expect(endpoints(compiled)).toEqual(["db 5432: 10.244.1.3 n1; 192.168.7.7"]);
  });

  test("every other setting", () => {
    const compiled = cluster(
      "service all { type LoadBalancer; clusterIP 10.96.0.1; port 53 -> 5353 udp name dns nodePort 30053",
      "selector app=web; externalIPs 1.1.1.1 1.1.1.2; loadBalancerIP 5.6.7.8 Proxy; sourceRanges 203.0.113.0/25",
      "sessionAffinity ClientIP timeout 1h; internalTrafficPolicy Local; externalTrafficPolicy Local",
      "healthCheckNodePort 32000 }",
    );
    expect(problems(compiled)).toEqual([]);
    expect(compiled.layout.services[0]).toMatchObject({
      ports: [{ name: "dns", protocol: "UDP", port: 53, targetPort: 5353, nodePort: 30_053 }],
      externalIPs: [0x0101_0101, 0x0101_0102],
      loadBalancerIngress: [{ ip: 0x0506_0708, ipMode: "Proxy" }],
      loadBalancerSourceRanges: [{ address: 0xcb00_7100, length: 25 }],
      sessionAffinity: "ClientIP",
      sessionAffinityTimeoutSeconds: 3600,
      internalTrafficPolicy: "Local",
      externalTrafficPolicy: "Local",
      healthCheckNodePort: 32_000,
    });
  });
});

describe("pods", () => {
  test("of a deployment are placed on the nodes in turn, after those that the file puts there", () => {
    const compiled = cluster("deployment d { replicas 3; labels d=d }", "service d { port 80; selector d=d }");
    expect(endpoints(compiled)).toEqual(["d 80: 10.244.1.4 n1; 10.244.1.5 n1; 10.244.2.3 n2"]);
    const nodes = ["d-1", "d-2", "d-3"].map((name) => {
      const found = compiled.layout.names.resolve(name);
      return found.kind === "found" ? found.ref.node : found.kind;
    });
    expect(nodes).toEqual(["n1", "n2", "n1"]);
  });

  test("of a deployment are placed on the members of a range of nodes", () => {
    const text = "node w[1..3] { pod p }\ndeployment d { replicas 4 }\n";
    const { layout } = compileSync(text, "test.k8snet");
    const all = ["d-1", "d-2", "d-3", "d-4", "w3/p"].map((name) => layout.names.resolve(name));
    const nodes = all.map((found) => (found.kind === "found" ? found.ref.node : found.kind));
    expect(nodes).toEqual(["w1", "w2", "w3", "w1", "w3"]);
  });

  test("with hostNetwork listen in their node and have its address", () => {
    const text = `node n { address 192.168.1.11/24; podCIDR 10.244.1.0/24
      pod p { hostNetwork; labels app=dns; container c { listen udp 53 } } }
      service dns { port 53 udp; selector app=dns }`;
    const compiled = compileSync(text, "test.k8snet");
    expect(endpoints(compiled)).toEqual(["dns 53: 192.168.1.11 n"]);
    const listens = [...compiled.plan.setUp()].filter((command) => command.do === "listen");
    expect(listens.map(({ netns, port }) => `${netns} ${port}`)).toEqual(["n 53"]);
    expect([...compiled.plan.setUp()].filter(({ do: what }) => what === "veth add")).toHaveLength(1);
  });
});

describe("what an API server would refuse", () => {
  const selector = "selector app=web";
  test.each([
    [
      "service a { clusterIP 10.96.0.10; port 80; selector app=web }; service b { clusterIP 10.96.0.10; port 80; selector app=web }",
      "3:86 duplicate-cluster-ip: 10.96.0.10 is already the clusterIP of the Service a (line 3).",
    ],
    [
      `service a { clusterIP 10.0.0.1; port 80; ${selector} }`,
      "3:23 cluster-ip-outside-service-cidr: The clusterIP 10.0.0.1 is not inside 10.96.0.0/12, the cluster's serviceCIDR.",
    ],
    [
      `service a { port 80; ${selector} }; service a { port 80; ${selector} }`,
      "3:42 duplicate-name: There is already a Service a in the namespace default (line 3).",
    ],
    [
      `service a { type NodePort; port 80 nodePort 80; ${selector} }`,
      "3:28 node-port-out-of-range: The node port 80 is not between 30000 and 32767, the range that an API server gives out.",
    ],
    [
      `service a { port 80 nodePort 30080; ${selector} }`,
      "3:13 node-port-without-type: A nodePort needs type NodePort or LoadBalancer; this Service is of type ClusterIP.",
    ],
    [
      `service a { type NodePort; port 80 name x nodePort 30080; port 81 name y nodePort 30080; ${selector} }`,
      "3:59 duplicate-node-port: The node port 30080 is already taken by the Service a (line 3).",
    ],
    [
      `service a { port 80 name x; port 80 name y; ${selector} }`,
      "3:29 duplicate-port: The Service already has the port 80/TCP (line 3).",
    ],
    [
      `service a { port 80; port 81; ${selector} }`,
      "3:13 port-without-name: Each of several ports needs a name: port 80 name http.",
    ],
    [`service a { ${selector} }`, "3:1 service-without-port: A Service needs a port: port 80 -> 8080."],
    [
      `service a { headless; type NodePort; port 80; ${selector} }`,
      "3:1 headless-with-type: A headless Service cannot be of type NodePort.",
    ],
    [
      `service a { type Nodeport; port 80; ${selector} }`,
      '3:18 bad-service-type: The type of a Service is one of ClusterIP, NodePort, LoadBalancer, ExternalName, not "Nodeport". Did you mean NodePort?',
    ],
    [`service a { port 80 -> 80801; ${selector} }`, '3:24 bad-port: "80801" is not a number from 1 to 65535.'],
    [
      `service a[1..3] { port 80; ${selector} }`,
      "3:9 range-of-services: A service is declared by itself, not as a range.",
    ],
    [
      `service a { port 80; ${selector}; loadBalancerIP 1.1.1.1 }`,
      "3:1 load-balancer-without-type: A loadBalancerIP needs type LoadBalancer.",
    ],
    [`service a { port 80; endpoints clent }`, '3:32 unknown-name: There is no pod "clent". Did you mean client?'],
    [
      "service a { port 80; selector app=wbe }",
      "3:31 (warning) selector-matches-nothing: The selector of a finds no pod in the namespace default: its clients are refused. Did you mean app=web?",
    ],
    [
      "service a { namespace prod; port 80; selector app=web }",
      "3:47 (warning) selector-matches-nothing: The selector of a finds no pod in the namespace prod: its clients are refused. The pods that it would find are in the namespace default.",
    ],
    [
      "service a { port 80 }",
      "3:1 (information) service-without-endpoints: The Service a has neither a selector nor endpoints: its clients are refused.",
    ],
    [
      "service a { port 80 -> http; selector app=web }",
      "3:13 (warning) unknown-target-port: No container of a has a port named http: listen tcp 8080 http name http.",
    ],
    [
      `cluster { serviceCIDR 10.244.0.0/24 }; service a { port 80; ${selector} }`,
      "3:23 overlapping-cidr: The serviceCIDR 10.244.0.0/24 and the podCIDR 10.244.0.0/16 overlap: an address could be a pod's and a Service's.",
    ],
  ])("%s", (line, problem) => {
    expect(problems(cluster(line))).toContain(problem);
  });
});

describe("kube-proxy's options", () => {
  test("are named as in its configuration", () => {
    const compiled = cluster(
      "cluster { proxy iptables; masqueradeAll; masqueradeMark 0x8000; detectLocalMode ClusterCIDR 10.0.0.0/8",
      "nodePortAddresses 192.168.0.0/16; localhostNodePorts off; nfacct a b }",
    );
    expect(problems(compiled)).toEqual([]);
    expect(compiled.layout.model.proxy).toEqual({
      mode: "iptables",
      masqueradeAll: true,
      masqueradeMark: 0x8000,
      randomFully: false,
      localDetector: { mode: "ClusterCIDR", cidr: { address: 0x0a00_0000, length: 8 } },
      nodePortAddresses: [{ address: 0xc0a8_0000, length: 16 }],
      localhostNodePorts: false,
      nfacctCounters: ["a", "b"],
    });
  });

  test.each([
    ["proxy iptabels", '3:17 unknown-proxy: There is no proxy "iptabels". Did you mean iptables?'],
    ["masqueradeMark 0x3", '3:26 bad-mark: "0x3" is not a mark of one bit, such as 0x4000.'],
    ["detectLocalMode BridgeInterface", "3:27 missing-value: Write the name: detectLocalMode BridgeInterface cbr0."],
    ["localhostNodePorts maybe", '3:30 bad-switch: This is one of true, false, on, off, not "maybe".'],
  ])("%s", (line, problem) => {
    expect(problems(cluster(`cluster { ${line} }`))).toEqual([problem]);
  });
});

describe("a Service in a statement", () => {
  const service = "service web { clusterIP 10.96.0.10; port 80 -> 8080; selector app=web }";
  const statement = (line: string) => cluster(service, `scenario "t" { ${line} }`);

  test.each(["web", "web.default", "web.default.svc", "web.default.svc.cluster.local"])(
    "%s is its clusterIP",
    (name) => {
      const compiled = statement(`curl client -> http://${name}/`);
      expect(problems(compiled)).toEqual([]);
      expect(compiled.plan.scenarios[0].statements[0]).toMatchObject({
        do: "curl",
        destination: 0x0a60_000a,
        host: name,
        port: 80,
      });
    },
  );

  test.each([
    [
      "curl client -> http://web:81/",
      "4:38 (warning) unknown-service-port: The Service web has tcp port 80: nothing answers at tcp port 81.",
    ],
    [
      "udp client -> web:80",
      "4:30 (warning) unknown-service-port: The Service web has no udp port: nothing answers at udp port 80.",
    ],
    ["ping client -> web.prod", '4:31 unknown-name: There is no pod, node, host or netns "web.prod".'],
  ])("%s", (line, problem) => {
    expect(problems(statement(line))).toEqual([problem]);
  });

  test("a headless one has no address; a name that a pod has as well is asked about", () => {
    const headless = cluster("service h { headless; port 80; selector app=web }", 'scenario "t" { ping client -> h }');
    expect(problems(headless)).toEqual([
      "4:31 service-without-address: The Service h has no clusterIP: it is headless: name one of its pods.",
    ]);
    const both = cluster("service a { port 80; selector app=web }", 'scenario "t" { ping client -> a }');
    expect(problems(both)).toEqual([
      '4:31 ambiguous-name: "a" is a Service and also a pod, node or netns: write a.default for the Service, or NODE/a for the pod.',
    ]);
  });
});

describe("endpoints that change while a scenario runs", () => {
  const service = "service web { port 53 -> 5353 udp; selector app=web }";
  /** What the statements of a scenario do on each node. */
  const changes = (...lines: string[]) => {
    const compiled = cluster(service, 'scenario "t" {', ...lines, "}");
    expect(problems(compiled)).toEqual([]);
    return compiled.plan.scenarios[0].statements.map((statement) =>
      statement.do === "configure" ? statement.commands.map(({ netns, do: what }) => `${netns} ${what}`) : [],
    );
  };

  test("kube-proxy writes its chains anew on every node, and forgets UDP connections to who is gone", () => {
    const onBoth = ["n1", "n2"].flatMap((node) => [`${node} iptables-restore`, `${node} conntrack delete`]);
    expect(changes("ready a false")).toEqual([onBoth]);
    expect(changes("endpoints web b")).toEqual([onBoth]);
  });

  test("each statement begins where the one before it stopped", () => {
    const onBoth = ["n1 iptables-restore", "n2 iptables-restore"];
    expect(changes("endpoints web", "endpoints web a", "endpoints web a b")[2]).toEqual(onBoth);
  });

  test.each([
    ["ready a", "5:7 incomplete-statement: Write which pod, and how it is: ready pod1 false."],
    ["ready n1 false", "5:7 not-a-pod: n1 is not a pod: only pods are ready or not."],
    ["ready a no", '5:9 bad-flag: ready is one of true, false, not "no".'],
    ["endpoints wbe a", '5:11 unknown-name: There is no Service "wbe". Did you mean web?'],
    ["endpoints web zzz", '5:15 unknown-name: There is no pod, node, host or netns "zzz".'],
    ["ready client false", "5:1 (warning) no-change: Nothing changes: no rule of kube-proxy's leads to client."],
  ])("%s", (line, problem) => {
    expect(problems(cluster(service, `scenario "t" {\n${line}\n}`))).toContain(problem);
  });
});
