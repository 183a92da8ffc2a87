import { describe, expect, it } from "vitest";
import { k8snet, temporaryFolder } from "./harness.ts";

/**
 * Whom a packet may reach, and with which source: what kube-proxy's own tests state in tables of flows
 * (proxier_test.go of pkg/proxy/iptables and pkg/proxy/nftables), here by the Services that they are about.
 */
const files = temporaryFolder();

const modes = ["iptables", "nftables"] as const;
type Mode = (typeof modes)[number];

const node = "192.168.0.2";
const secondAddress = "192.168.1.2";
const localhost = "127.0.0.1";
const pod = "10.0.0.2";
const outside = "203.0.113.2";
const outsideTheRanges = "203.0.113.130";

/** From whom, to whom, to which port; who may get it, or how it is refused; and whether the source is another one then. */
type Flow = readonly [
  from: string,
  to: string,
  port: number | `${number}/${string}`,
  answer: string,
  masquerade?: "masq",
];

interface Cluster {
  readonly options?: string;
  /** Kubernetes objects, as JSON has them. */
  readonly objects: readonly object[];
}

let clusters = 0;

function write({ options = "", objects }: Cluster): string {
  const name = `cluster-${++clusters}`;
  files.write(`${name}.yaml`, objects.map((object) => JSON.stringify(object)).join("\n---\n"));
  return files.write(
    `${name}.k8snet`,
    `cluster {
  cni none
  podCIDR 10.0.0.0/8
  serviceCIDR 172.30.0.0/16
  ${options}
}
node here {
  address ${node}/24
  interface eth0 { address ${secondAddress}/24 }
}
import "${name}.yaml"
`,
  );
}

async function traced(mode: Mode, file: string, [from, to, port]: Flow): Promise<Flow> {
  const [number, proto = "tcp"] = String(port).split("/");
  const packet = ["--src", from, "--dst", to, "--proto", proto, "--port", number];
  const { out, error } = await k8snet(
    "service-trace",
    file,
    "--node",
    "here",
    ...packet,
    "--mode",
    mode,
    "--all-backends",
    "--format",
    "json",
  );
  if (out === "") throw new Error(error);
  const { backends, masquerade, verdict } = JSON.parse(out);
  const answer = backends.length > 0 && verdict === "ACCEPT" ? backends.join(" ") : verdict;
  return masquerade ? [from, to, port, answer, "masq"] : [from, to, port, answer];
}

/** Each flow is what the rules make of it. */
async function checkIn(mode: Mode, cluster: Cluster, flows: readonly Flow[]): Promise<void> {
  const file = write(cluster);
  const found: Flow[] = [];
  for (const flow of flows) found.push(await traced(mode, file, flow));
  expect(found).toEqual(flows);
}

interface Endpoint {
  readonly addresses: readonly string[];
  readonly nodeName?: string;
  readonly conditions?: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean };
}

const at = (address: string, nodeName?: string): Endpoint => ({ addresses: [address], ...(nodeName && { nodeName }) });
const ready = { ready: true, serving: true, terminating: false };
const leaving = { ready: false, serving: true, terminating: true };
const gone = { ready: false, serving: false, terminating: true };

interface Port {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
  readonly targetPort?: number;
  readonly nodePort?: number;
}

function service(name: string, ports: readonly Port[], spec: object, ...loadBalancer: readonly string[]): object {
  const ingress = loadBalancer.map((ip) => ({ ip }));
  const metadata = { name, namespace: "shop" };
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { ...spec, ports },
    status: { loadBalancer: { ingress } },
  };
}

function slice(name: string, ports: readonly Port[], ...endpoints: readonly Endpoint[]): object {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-1`, namespace: "shop", labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints,
    ports: ports.map(({ name, port, protocol = "TCP", targetPort }) => ({ name, protocol, port: targetPort ?? port })),
  };
}

const http: Port = { name: "http", port: 80 };

describe.each(modes)("who gets a packet for a Service, by kube-proxy's rules in mode %s", (mode) => {
  const check = (cluster: Cluster, flows: readonly Flow[]) => checkIn(mode, cluster, flows);

  it("1. a ClusterIP leads to every endpoint, for each protocol and port of its own; who reaches itself is masqueraded", async () => {
    const several: readonly Port[] = [
      http,
      { name: "https", port: 443, targetPort: 8443 },
      { name: "dns-udp", port: 53, protocol: "UDP" },
      { name: "dns-tcp", port: 53, targetPort: 5353 },
      { name: "dns-sctp", port: 53, protocol: "SCTP" },
    ];
    const objects = [
      service("one", [http], { clusterIP: "172.30.0.41" }),
      service("two", several, { clusterIP: "172.30.0.42" }),
      slice("one", [http], at("10.180.0.1", "here")),
      slice("two", several, at("10.180.0.1", "here"), at("10.180.2.1", "there")),
    ];
    await check({ objects }, [
      ["10.180.0.2", "172.30.0.41", 80, "10.180.0.1:80"],
      ["10.180.0.1", "172.30.0.41", 80, "10.180.0.1:80", "masq"],
      ["10.180.0.2", "172.30.0.42", 80, "10.180.0.1:80 10.180.2.1:80"],
      ["10.180.0.2", "172.30.0.42", 443, "10.180.0.1:8443 10.180.2.1:8443"],
      ["10.180.0.2", "172.30.0.42", "53/tcp", "10.180.0.1:5353 10.180.2.1:5353"],
      ["10.180.0.2", "172.30.0.42", "53/udp", "10.180.0.1:53 10.180.2.1:53"],
      ["10.180.0.2", "172.30.0.42", "53/sctp", "10.180.0.1:53 10.180.2.1:53"],
      // nftables mode answers for the whole block of ClusterIPs; in iptables mode such packets go on as if they were any others.
      ["10.180.0.2", "172.30.0.42", "80/udp", mode === "nftables" ? "REJECT" : "NOMATCH"],
      ["10.180.0.2", "172.30.0.41", 443, mode === "nftables" ? "REJECT" : "NOMATCH"],
      ["10.180.0.2", "172.30.0.50", 80, mode === "nftables" ? "DROP" : "NOMATCH"],
    ]);
  });

  it("2. without endpoints every address of the Service rejects", async () => {
    const spec = { type: "LoadBalancer", clusterIP: "172.30.0.41", externalIPs: ["192.168.99.11"] };
    const objects = [service("web", [{ ...http, nodePort: 3001 }], spec, "1.2.3.4")];
    await check({ objects }, [
      [pod, "172.30.0.41", 80, "REJECT"],
      [outside, "192.168.99.11", 80, "REJECT"],
      [pod, node, 3001, "REJECT"],
      [outside, node, 3001, "REJECT"],
      [pod, "1.2.3.4", 80, "REJECT"],
      [outside, "1.2.3.4", 80, "REJECT"],
    ]);
  });

  it("3. loadBalancerSourceRanges: others are dropped at the balancer's addresses; the node port knows no ranges", async () => {
    const spec = {
      type: "LoadBalancer",
      clusterIP: "172.30.0.41",
      // An API server lets blanks pass.
      loadBalancerSourceRanges: ["192.168.0.0/24", " 203.0.113.0/25"],
    };
    const objects = [
      service("web", [{ ...http, nodePort: 3001 }], spec, "1.2.3.4", "5.6.7.8"),
      slice("web", [http], at("10.180.0.1")),
    ];
    const toBalancer = (balancer: string): Flow[] => [
      [outside, balancer, 80, "10.180.0.1:80", "masq"],
      [outsideTheRanges, balancer, 80, "DROP"],
      [pod, balancer, 80, "DROP"],
      [node, balancer, 80, "10.180.0.1:80", "masq"],
      // Where a node may ask, so may the balancer in its name.
      [balancer, balancer, 80, "10.180.0.1:80", "masq"],
    ];
    await check({ objects }, [
      [pod, "172.30.0.41", 80, "10.180.0.1:80"],
      [outside, node, 3001, "10.180.0.1:80", "masq"],
      [outsideTheRanges, node, 3001, "10.180.0.1:80", "masq"],
      ...toBalancer("1.2.3.4"),
      ...toBalancer("5.6.7.8"),
    ]);
  });

  /** In nftables mode node ports are at the primary address where nothing is said, and never at loopback addresses. */
  const nodePortCases = {
    iptables: [
      { options: "", byLocalhost: true, bySecond: true },
      { options: "localhostNodePorts false", byLocalhost: false, bySecond: true },
      {
        options: "localhostNodePorts false; nodePortAddresses 192.168.0.0/24 127.0.0.1/32",
        byLocalhost: false,
        bySecond: false,
      },
      {
        options: "localhostNodePorts false; nodePortAddresses 192.168.0.0/24 192.168.1.0/24 2001:db8::/64",
        byLocalhost: false,
        bySecond: true,
      },
      { options: "nodePortAddresses primary", byLocalhost: false, bySecond: false },
      { options: "nodePortAddresses 127.0.0.0/8 192.168.0.0/24", byLocalhost: true, bySecond: false },
    ],
    nftables: [
      { options: "", byLocalhost: false, bySecond: false },
      { options: "nodePortAddresses primary", byLocalhost: false, bySecond: false },
      {
        options: "nodePortAddresses 192.168.0.0/24 192.168.1.0/24 2001:db8::/64",
        byLocalhost: false,
        bySecond: true,
      },
      { options: "nodePortAddresses 127.0.0.0/8 192.168.0.0/24", byLocalhost: false, bySecond: false },
    ],
  };
  it.each(nodePortCases[mode])(
    "4. the addresses that have node ports: $options",
    async ({ options, byLocalhost, bySecond }) => {
      const spec = { type: "NodePort", clusterIP: "172.30.0.41" };
      const objects = [
        service("web", [{ ...http, nodePort: 3001 }], spec),
        slice("web", [http], at("10.180.0.1"), at("10.180.2.1", "here")),
      ];
      const both = "10.180.0.1:80 10.180.2.1:80";
      const reached = (from: string, to: string, yes: boolean): Flow =>
        yes ? [from, to, 3001, both, "masq"] : [from, to, 3001, "NOMATCH"];
      await check({ options, objects }, [
        [pod, "172.30.0.41", 80, both],
        reached(outside, node, true),
        reached(node, node, true),
        reached(localhost, localhost, byLocalhost),
        reached(outside, secondAddress, bySecond),
      ]);
    },
  );

  it("5. the health check's port is let in, on every address, in iptables mode; without the Service there is no rule for it", async () => {
    const spec = {
      type: "LoadBalancer",
      clusterIP: "172.30.0.42",
      externalTrafficPolicy: "Local",
      healthCheckNodePort: 30000,
    };
    const options = "nodePortAddresses 127.0.0.0/8";
    const objects = [service("web", [{ ...http, nodePort: 3001 }], spec)];
    // What else a node lets in is none of its business in nftables mode.
    await check({ options, objects }, [["1.2.3.4", node, 30000, mode === "nftables" ? "NOMATCH" : "ACCEPT"]]);
    await check({ options, objects: [] }, [["1.2.3.4", node, 30000, "NOMATCH"]]);
  });

  const bothPolicies = (policy: string) => ({
    objects: [
      service(
        "web",
        [{ ...http, nodePort: 3001 }],
        {
          type: "LoadBalancer",
          clusterIP: "172.30.0.41",
          externalIPs: ["192.168.99.11"],
          externalTrafficPolicy: policy,
          ...(policy === "Local" && { healthCheckNodePort: 30000 }),
        },
        "1.2.3.4",
      ),
      slice("web", [http], at("10.180.0.1"), at("10.180.2.1", "here")),
    ],
  });

  it("6. externalTrafficPolicy Local: from outside only to local endpoints, from pods to all, and never masqueraded", async () => {
    const both = "10.180.0.1:80 10.180.2.1:80";
    await check(bothPolicies("Local"), [
      [pod, "172.30.0.41", 80, both],
      [pod, "192.168.99.11", 80, both],
      [outside, "192.168.99.11", 80, "10.180.2.1:80"],
      [pod, "1.2.3.4", 80, both],
      [outside, "1.2.3.4", 80, "10.180.2.1:80"],
      [pod, node, 3001, both],
      [outside, node, 3001, "10.180.2.1:80"],
    ]);
  });

  it("7. externalTrafficPolicy Cluster: to all, and masqueraded", async () => {
    const both = "10.180.0.1:80 10.180.2.1:80";
    await check(bothPolicies("Cluster"), [
      [pod, "172.30.0.41", 80, both],
      [pod, "192.168.99.11", 80, both, "masq"],
      [outside, "192.168.99.11", 80, both, "masq"],
      [pod, "1.2.3.4", 80, both, "masq"],
      [outside, "1.2.3.4", 80, both, "masq"],
      [pod, node, 3001, both, "masq"],
      [outside, node, 3001, both, "masq"],
    ]);
  });

  it("8. internalTrafficPolicy Local: to local endpoints, or nowhere", async () => {
    const plain: Port = { port: 80 };
    const internal = (policy: string | undefined, ...nodes: readonly string[]) => ({
      objects: [
        service("web", [plain], { clusterIP: "172.30.1.1", selector: { app: "web" }, internalTrafficPolicy: policy }),
        slice("web", [plain], ...nodes.map((name, i) => at(`10.0.1.${i + 1}`, name))),
      ],
    });
    const all = "10.0.1.1:80 10.0.1.2:80 10.0.1.3:80";
    await check(internal(undefined, "here", "a", "b"), [[pod, "172.30.1.1", 80, all]]);
    await check(internal("Cluster", "a", "b", "c"), [[pod, "172.30.1.1", 80, all]]);
    await check(internal("Local", "here", "a", "b"), [[pod, "172.30.1.1", 80, "10.0.1.1:80"]]);
    await check(internal("Local", "here", "here", "b"), [[pod, "172.30.1.1", 80, "10.0.1.1:80 10.0.1.2:80"]]);
    await check(internal("Local", "a", "b", "c"), [[pod, "172.30.1.1", 80, "DROP"]]);
    await check(internal("Local"), [[pod, "172.30.1.1", 80, "REJECT"]]);
  });

  const ending = (policy: string, ...endpoints: readonly Endpoint[]) => {
    const spec = {
      type: "LoadBalancer",
      clusterIP: "172.30.1.1",
      externalTrafficPolicy: policy,
      healthCheckNodePort: 30000,
    };
    const plain: Port = { port: 80, targetPort: 80 };
    return { objects: [service("web", [plain], spec, "1.2.3.4"), slice("web", [plain], ...endpoints)] };
  };
  const inState = (conditions: Endpoint["conditions"], address: string, name: string) => ({
    ...at(address, name),
    conditions,
  });

  it("9. terminating endpoints with policy Local: used where the node has no others that are ready", async () => {
    await check(
      ending(
        "Local",
        inState(ready, "10.0.1.1", "here"),
        inState(ready, "10.0.1.2", "here"),
        inState(leaving, "10.0.1.3", "here"),
        inState(gone, "10.0.1.4", "here"),
        inState(ready, "10.0.1.5", "there"),
      ),
      [
        [pod, "172.30.1.1", 80, "10.0.1.1:80 10.0.1.2:80 10.0.1.5:80"],
        [outside, "1.2.3.4", 80, "10.0.1.1:80 10.0.1.2:80"],
      ],
    );
    await check(
      ending(
        "Local",
        inState(leaving, "10.0.1.2", "here"),
        inState(leaving, "10.0.1.3", "here"),
        inState(gone, "10.0.1.4", "here"),
        inState(ready, "10.0.1.5", "there"),
      ),
      [
        [pod, "172.30.1.1", 80, "10.0.1.5:80"],
        [outside, "1.2.3.4", 80, "10.0.1.2:80 10.0.1.3:80"],
      ],
    );
    // One that is elsewhere is not used, and yet it is why nobody is told that there are none.
    await check(ending("Local", inState(leaving, "10.0.1.5", "there")), [
      [pod, "172.30.1.1", 80, "10.0.1.5:80"],
      [outside, "1.2.3.4", 80, "DROP"],
    ]);
    await check(ending("Local", inState(gone, "10.0.1.5", "here"), inState(gone, "10.0.1.5", "there")), [
      [pod, "172.30.1.1", 80, "REJECT"],
      [outside, "1.2.3.4", 80, "REJECT"],
    ]);
  });

  it("10. terminating endpoints with policy Cluster: used where the cluster has no others that are ready", async () => {
    const to = (answer: string): Flow[] => [
      [pod, "172.30.1.1", 80, answer],
      [outside, "1.2.3.4", 80, answer, "masq"],
    ];
    await check(
      ending(
        "Cluster",
        inState(ready, "10.0.1.1", "here"),
        inState(leaving, "10.0.1.3", "there"),
        inState(gone, "10.0.1.4", "there"),
        inState(ready, "10.0.1.5", "there"),
      ),
      to("10.0.1.1:80 10.0.1.5:80"),
    );
    await check(
      ending(
        "Cluster",
        inState(leaving, "10.0.1.2", "here"),
        inState(gone, "10.0.1.4", "there"),
        inState(leaving, "10.0.1.5", "there"),
      ),
      to("10.0.1.2:80 10.0.1.5:80"),
    );
    await check(ending("Cluster", inState(leaving, "10.0.1.5", "there")), to("10.0.1.5:80"));
    await check(ending("Cluster", inState(gone, "10.0.1.5", "here"), inState(gone, "10.0.1.5", "there")), [
      [pod, "172.30.1.1", 80, "REJECT"],
      [outside, "1.2.3.4", 80, "REJECT"],
    ]);
  });

  it("12. sessionAffinity: who asks for the first time may get any endpoint, and so may others", async () => {
    const spec = { clusterIP: "172.30.1.1", sessionAffinity: "ClientIP" };
    const objects = [service("web", [http], spec), slice("web", [http], at("10.0.1.1"), at("10.0.1.2"))];
    const both = "10.0.1.1:80 10.0.1.2:80";
    await check({ objects }, [
      [pod, "172.30.1.1", 80, both],
      [node, "172.30.1.1", 80, both, "masq"],
      [outside, "172.30.1.1", 80, both, "masq"],
      ["10.0.1.1", "172.30.1.1", 80, both, "masq"],
    ]);
  });
});

describe.each(modes)("who is masqueraded in mode %s", (mode) => {
  const balanced = (number: number, spec: object) => [
    service(
      `web-${number}`,
      [{ ...http, nodePort: 3000 + number }],
      { type: "LoadBalancer", clusterIP: `172.30.0.4${number}`, healthCheckNodePort: 30000 + number, ...spec },
      `9.9.9.${number}`,
    ),
    slice(`web-${number}`, [http], at(`10.180.0.${number}`, "here"), at(`10.180.1.${number}`, "there")),
  ];
  const objects = [
    ...balanced(1, {}),
    ...balanced(2, { externalTrafficPolicy: "Local" }),
    ...balanced(3, { internalTrafficPolicy: "Local" }),
  ];
  const both = (number: number) => `10.180.0.${number}:80 10.180.1.${number}:80`;
  const local = (number: number) => `10.180.0.${number}:80`;

  interface Expected {
    readonly podToClusterIP: "masq" | undefined;
    readonly othersToClusterIP: "masq" | undefined;
    /** Pods to the outside address of a Service with externalTrafficPolicy Local. */
    readonly podToOutside: string;
  }

  function flows({ podToClusterIP, othersToClusterIP, podToOutside }: Expected): Flow[] {
    const flow = (from: string, to: string, port: number, answer: string, masquerade: "masq" | undefined): Flow =>
      masquerade ? [from, to, port, answer, masquerade] : [from, to, port, answer];
    const toClusterIP = (from: string, masquerade: "masq" | undefined) => [
      flow(from, "172.30.0.41", 80, both(1), masquerade),
      flow(from, "172.30.0.42", 80, both(2), masquerade),
      flow(from, "172.30.0.43", 80, local(3), masquerade),
    ];
    const toOutside = (from: string, number: number, answer: string, masquerade?: "masq") => [
      flow(from, node, 3000 + number, answer, masquerade),
      flow(from, `9.9.9.${number}`, 80, answer, masquerade),
    ];
    return [
      ...toClusterIP(pod, podToClusterIP),
      ...toClusterIP(node, othersToClusterIP),
      ...toClusterIP(outside, othersToClusterIP),
      ...[pod, node, outside].flatMap((from) => [
        ...toOutside(from, 1, both(1), "masq"),
        ...toOutside(from, 3, both(3), "masq"),
      ]),
      ...[1, 2, 3].map((number) =>
        mode === "nftables"
          ? flow(localhost, localhost, 3000 + number, "NOMATCH", undefined)
          : flow(localhost, localhost, 3000 + number, both(number), "masq"),
      ),
      ...toOutside(node, 2, both(2), "masq"),
      ...toOutside(outside, 2, local(2)),
      ...toOutside(pod, 2, podToOutside),
    ];
  }

  it.each<{ options: string; expected: Expected }>([
    { options: "", expected: { podToClusterIP: undefined, othersToClusterIP: "masq", podToOutside: both(2) } },
    {
      options: "detectLocalMode none",
      expected: { podToClusterIP: undefined, othersToClusterIP: undefined, podToOutside: local(2) },
    },
    {
      options: "masqueradeAll",
      expected: { podToClusterIP: "masq", othersToClusterIP: "masq", podToOutside: both(2) },
    },
    {
      options: "masqueradeAll; detectLocalMode none",
      expected: { podToClusterIP: "masq", othersToClusterIP: "masq", podToOutside: local(2) },
    },
  ])("11. by source, destination and policy: $options", async ({ options, expected }) => {
    await checkIn(mode, { options, objects }, flows(expected));
  });
});
