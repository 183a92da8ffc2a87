import { describe, expect, test } from "vitest";
import { type Compilation, compile, compileSync } from "../../src/language/compile.ts";
import { formatIpv4, formatPrefix } from "../../src/wire/ipv4-address.ts";

/** A program whose second line imports this text. */
function importing(...lines: string[]): Compilation {
  const text = 'cluster { serviceCIDR 172.30.0.0/16; cni none }\nimport "all.yaml"\nscenario "s" { wait 1s }';
  const file = { uri: "file:///lab/all.yaml", text: lines.join("\n") };
  return compileSync(text, "file:///lab/main.k8snet", new Map([["all.yaml", file]]));
}

/** `all.yaml:3:5 code: message`. */
function problems({ diagnostics }: Compilation): string[] {
  return diagnostics.map(({ severity, code, range, message }) => {
    const kind = severity === "error" ? "" : ` (${severity})`;
    return `${range.uri.slice("file:///lab/".length)}:${range.line}:${range.column}${kind} ${code}: ${message}`;
  });
}

const head = ["apiVersion: v1", "kind: Service", "metadata: {name: web, namespace: prod}"];
const ports = ["  ports:", "  - port: 80"];

describe("a manifest", () => {
  test("gives Services with the API server's defaults, each at the line of its name", () => {
    const { layout, diagnostics } = importing(...head, "spec:", "  clusterIP: 172.30.0.41", ...ports);
    expect(diagnostics.map(({ code }) => code)).toEqual(["service-without-endpoints"]);
    expect(layout.services[0]).toMatchObject({
      namespace: "prod",
      name: "web",
      type: "ClusterIP",
      clusterIP: 0xac1e_0029,
      sessionAffinity: "None",
      sessionAffinityTimeoutSeconds: 10_800,
      internalTrafficPolicy: "Cluster",
      externalTrafficPolicy: "Cluster",
      ports: [{ name: "", protocol: "TCP", port: 80, targetPort: 80, nodePort: 0 }],
      source: { uri: "file:///lab/all.yaml", line: 3, column: 18 },
    });
  });

  test("with a clusterIP has been stored: nothing is allocated; without one it is as if applied now", () => {
    const nodePort = (clusterIP: string) =>
      importing(...head, "spec:", `  type: NodePort${clusterIP}`, ...ports).layout.services[0].ports[0].nodePort;
    expect(nodePort("\n  clusterIP: 172.30.0.41")).toBe(0);
    expect(nodePort("")).toBe(30_086);
  });

  test("gives EndpointSlices; unset conditions are ready", () => {
    const { layout } = importing(
      ...[...head, "spec: {clusterIP: 172.30.0.41, ports: [{port: 80, name: http}]}", "---"],
      ...["apiVersion: discovery.k8s.io/v1", "kind: EndpointSlice", "addressType: IPv4"],
      ...["metadata: {name: web-1, namespace: prod, labels: {kubernetes.io/service-name: web}}"],
      ...["ports: [{name: http, port: 8080}]", "endpoints:", "- addresses: [10.1.0.1]", "  nodeName: n1"],
      ...["- addresses: [10.1.0.2]", "  conditions: {ready: false, serving: true, terminating: true}"],
    );
    expect(layout.endpointSlices()).toMatchObject([
      {
        namespace: "prod",
        service: "web",
        ports: [{ name: "http", protocol: "TCP", port: 8080 }],
        endpoints: [
          { addresses: [0x0a01_0001], ready: true, serving: true, terminating: false, nodeName: "n1" },
          { addresses: [0x0a01_0002], ready: false, serving: true, terminating: true },
        ],
        source: { line: 9 },
      },
    ]);
  });

  test("gives Nodes; what the program says of a node goes before", () => {
    const node = (name: string, ip: string) => [
      ...["---", "apiVersion: v1", "kind: Node", `metadata: {name: ${name}}`, "spec: {podCIDR: 10.244.7.0/24}"],
      `status: {addresses: [{type: Hostname, address: x}, {type: InternalIP, address: ${ip}}]}`,
    ];
    const text = 'node n1 { address 10.9.0.1/16 }\nimport "all.yaml"';
    const file = { uri: "all.yaml", text: [...node("n1", "192.168.1.1"), ...node("n2", "192.168.1.2")].join("\n") };
    const { layout } = compileSync(text, "a.k8snet", new Map([["all.yaml", file]]));
    expect(
      layout.model.nodes.map(({ name, address, podCidr }) => [
        name.base,
        address && formatPrefix(address.value),
        podCidr && formatPrefix(podCidr.value),
      ]),
    ).toEqual([
      ["n1", "10.9.0.1/16", "10.244.7.0/24"],
      ["n2", "192.168.1.2/24", "10.244.7.0/24"],
    ]);
  });

  test("is read whether its objects are documents, a List, or JSON", () => {
    const object =
      '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "NAME"}, "spec": {"ports": [{"port": 80}]}}';
    const named = (name: string) => object.replace("NAME", name);
    const names = (text: string) => importing(text).layout.services.map(({ name }) => name);
    expect(names(`${named("a")}\n---\n\n---\n${named("b")}`)).toEqual(["a", "b"]);
    expect(names(`apiVersion: v1\nkind: List\nitems:\n- ${named("a")}\n- ${named("b")}`)).toEqual(["a", "b"]);
    expect(names(`{"apiVersion": "v1", "kind": "ServiceList", "items": [${named("a")}]}`)).toEqual(["a"]);
  });

  test("has blanks trimmed, anchors followed, and IPv6 left out with a note", () => {
    const compiled = importing(
      ...[...head, "spec:", "  type: LoadBalancer", "  clusterIPs: [172.30.0.41, 'fd00::1']", ...ports],
      ...["  loadBalancerSourceRanges: [' 203.0.113.7/25', 'fd00::/64']", "  externalIPs: [&ip 1.2.3.4]"],
      ...["status: {loadBalancer: {ingress: [{ip: *ip}, {hostname: lb.example}]}}"],
    );
    const [service] = compiled.layout.services;
    expect(service.loadBalancerSourceRanges.map(formatPrefix)).toEqual(["203.0.113.0/25"]);
    expect(service.loadBalancerIngress.map(({ ip }) => formatIpv4(ip))).toEqual(["1.2.3.4"]);
    expect(problems(compiled)).toContain(
      "all.yaml:9:49 (information) ipv6-skipped: spec.loadBalancerSourceRanges[1] fd00::/64 is left out: k8snet speaks IPv4.",
    );
  });
});

describe("what is wrong with a manifest is said at its line", () => {
  const spec = (...lines: string[]) => [...head, "spec:", "  clusterIP: 172.30.0.41", ...lines];
  test.each<[string, string[], string]>([
    ["a broken one", [...head, "spec: ["], "all.yaml:4:8 bad-yaml: This is not YAML: "],
    [
      "no object",
      ["- 1"],
      "all.yaml:1:1 bad-manifest: This is not a Kubernetes object: those begin with apiVersion and kind.",
    ],
    [
      "another kind",
      ["apiVersion: apps/v1", "kind: Deployment"],
      "all.yaml:2:7 (information) kind-skipped: Deployment is skipped: of manifests, k8snet reads Service, EndpointSlice, Node, Ingress.",
    ],
    [
      "another version",
      ["apiVersion: v2", "kind: Service", "metadata: {name: a}"],
      "all.yaml:1:1 bad-field: Service is not in v2: write apiVersion: v1.",
    ],
    [
      "no name",
      ["apiVersion: v1", "kind: Service"],
      "all.yaml:2:1 bad-field: The object has no name: metadata.name is missing.",
    ],
    ["no spec", head, "all.yaml:1:1 bad-field: The Service web has no spec."],
    [
      "a value of another type",
      spec("  ports:", "  - port: '80'"),
      "all.yaml:7:11 bad-field: spec.ports[0].port: This must be a number from 1 to 65535, without quotes.",
    ],
    [
      "a number out of range",
      spec("  ports:", "  - port: 80801"),
      "all.yaml:7:11 bad-field: spec.ports[0].port: 80801 is not a whole number from 1 to 65535.",
    ],
    [
      "a value that the field cannot have",
      spec("  type: ClusterIp", ...ports),
      'all.yaml:6:9 bad-field: spec.type is one of ClusterIP, NodePort, LoadBalancer, ExternalName, not "ClusterIp".',
    ],
    [
      "a field that no Service has",
      spec("  selektor: {app: web}", ...ports),
      'all.yaml:6:3 (warning) unknown-field: spec has no field "selektor". Did you mean selector?',
    ],
    [
      "a map in the place of a list",
      spec("  ports: {port: 80}"),
      "all.yaml:6:10 bad-field: spec.ports: A list belongs here: lines that begin with -.",
    ],
    [
      "a text in the place of a map",
      [...head, "spec: here"],
      "all.yaml:4:7 bad-field: spec: A map of fields belongs here.",
    ],
    [
      "no address",
      [...head, "spec:", "  clusterIP: 172.30.0", ...ports],
      'all.yaml:5:14 bad-field: spec.clusterIP: "172.30.0" is not an IPv4 address, such as 10.96.0.10.',
    ],
    [
      "a slice of nobody",
      [
        "apiVersion: discovery.k8s.io/v1",
        "kind: EndpointSlice",
        "addressType: IPv4",
        "metadata: {name: a, labels: {kubernetes.io/service-name: b}}",
      ],
      "all.yaml:4:18 (warning) slice-without-service: There is no Service b in the namespace default: the slice is nobody's.",
    ],
  ])("%s", (_what, lines, problem) => {
    expect(
      problems(importing(...lines)).find((one) => one.startsWith(problem)) ?? problems(importing(...lines)),
    ).toContain(problem);
  });

  test("nested beyond any sense", () => {
    expect(problems(importing("[".repeat(200_000))).length).toBeGreaterThan(0);
  });

  test("too many characters", () => {
    expect(problems(importing("#".repeat(3_000_000)))[0]).toMatch(/^all.yaml:1:1 manifest-too-large/);
  });
});

describe("an import", () => {
  const asked: string[] = [];
  const readImport = async (program: string, path: string) => {
    asked.push(`${program} ${path}`);
    return { problem: `"${path}" cannot be imported: there is no such file.` };
  };
  const problemsOf = async (line: string) =>
    problems(await compile(`node n\n${line}\nscenario "s" { wait 1s }`, "file:///lab/main.k8snet", { readImport }));

  test("is asked for by its path from the program's folder", async () => {
    expect(await problemsOf('import "./manifests/x/../a.yaml"')).toEqual([
      'main.k8snet:2:8 bad-import: "manifests/a.yaml" cannot be imported: there is no such file.',
    ]);
    expect(asked.splice(0)).toEqual(["file:///lab/main.k8snet manifests/a.yaml"]);
  });

  test.each([
    ['import "/etc/passwd"', '"/etc/passwd" is not a path inside this file\'s folder, such as "services.yaml".'],
    [
      'import "file:///etc/passwd"',
      '"file:///etc/passwd" is not a path inside this file\'s folder, such as "services.yaml".',
    ],
    ['import "C:/x"', '"C:/x" is not a path inside this file\'s folder, such as "services.yaml".'],
    [
      'import "../x.yaml"',
      '"../x.yaml" leads out of this file\'s folder; a file can only import what stands beside or below it.',
    ],
    [
      'import "a/../../x.yaml"',
      '"a/../../x.yaml" leads out of this file\'s folder; a file can only import what stands beside or below it.',
    ],
    ['import "*.yaml"', '"*.yaml" is a pattern; name each file: import "services.yaml".'],
    ['import "a\\\\b.yaml"', 'Write the path with "/": "a/b.yaml".'],
    ['import ""', 'The name of the file is missing: import "services.yaml".'],
    ["import", "The value of import is missing."],
  ])("%s is refused, and nobody is asked to read it", async (line, message) => {
    const found = await problemsOf(line);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
    expect(asked.splice(0)).toEqual([]);
  });

  test("says so where nothing can be read", () => {
    expect(problems(compileSync('import "a.yaml"\nscenario "s" { wait 1s }', "file:///lab/main.k8snet"))).toEqual([
      'main.k8snet:1:8 bad-import: No files can be read here, so "a.yaml" is not imported.',
    ]);
  });
});
