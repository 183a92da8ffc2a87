import { expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import { formatIpv4 } from "../../src/wire/ipv4-address.ts";

const cluster = `cluster { ingressController nginx }
node node1 { pod web { labels app=web; container web { listen tcp 8080 http } } }
service web { port 80 -> 8080 name http; selector app=web }
`;

function problems(text: string, manifest?: string): string[] {
  const imports = new Map(manifest === undefined ? [] : [["m.yaml", { uri: "m.yaml", text: manifest }]]);
  return compileSync(text, "x.k8snet", imports).diagnostics.map(
    ({ range, code, message }) => `${range.line}:${range.column} ${code}: ${message}`,
  );
}

/** Host, path and type, and where each leads. */
function routes(text: string, manifest?: string): string[] {
  const imports = new Map(manifest === undefined ? [] : [["m.yaml", { uri: "m.yaml", text: manifest }]]);
  const { servers, upstreams, defaultUpstream } = compileSync(text, "x.k8snet", imports).layout.ingressSettings();
  const shown = (upstream: string) =>
    `${upstream} at ${(upstreams[upstream] ?? []).map(({ address, port }) => `${formatIpv4(address)}:${port}`).join(" ")}`;
  const paths = servers.flatMap(({ host, paths: list }) =>
    list.map(({ path, pathType, upstream }) => `${host}${path} ${pathType} ${shown(upstream)}`),
  );
  return defaultUpstream === undefined ? paths : [...paths, `default ${shown(defaultUpstream)}`];
}

const manifest = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec:
  ingressClassName: nginx
  defaultBackend: { service: { name: web, port: { name: http } } }
  rules:
    - host: shop.example.com
      http:
        paths:
          - { path: /cart, pathType: Exact, backend: { service: { name: web, port: { number: 80 } } } }
`;

test("hosts and paths lead to the endpoints of Services; a path before any host is for all of them", () => {
  const text = `${cluster}ingress web { path /all -> web; host a.org; path / -> web:80; path /x -> web:http Exact; default -> web }`;
  expect(problems(`${text}\nscenario "s" { wait 1s }`)).toEqual([]);
  expect(routes(text)).toEqual([
    "/all Prefix default/web: at 10.244.0.2:8080",
    "a.org/ Prefix default/web:80 at 10.244.0.2:8080",
    "a.org/x Exact default/web:http at 10.244.0.2:8080",
    "default default/web: at 10.244.0.2:8080",
  ]);
});

test("a manifest says the same", () => {
  const text = `${cluster}import "m.yaml"\nscenario "s" { wait 1s }`;
  expect(problems(text, manifest)).toEqual([]);
  expect(routes(text, manifest)).toEqual([
    "shop.example.com/cart Exact default/web:80 at 10.244.0.2:8080",
    "default default/web:http at 10.244.0.2:8080",
  ]);
});

test("the controller is a Deployment behind a Service of its own", () => {
  const service = (settings: string) => {
    const { layout } = compileSync(`cluster { ingressController nginx ${settings} }\nnode n`, "x.k8snet");
    const found = layout.services.find(({ namespace }) => namespace === "ingress-nginx");
    return [found?.type, found?.ports[0].nodePort, found?.externalTrafficPolicy].join(" ");
  };
  expect(service("nodePort 30080")).toBe("NodePort 30080 Cluster");
  expect(service("nodePort 30080 loadBalancerIP 203.0.113.10")).toBe("LoadBalancer 30080 Local");
  expect(service("nodePort 30080 loadBalancerIP 203.0.113.10 externalTrafficPolicy Cluster")).toBe(
    "LoadBalancer 30080 Cluster",
  );
});

test.each([
  [
    "path / -> wbe",
    "4:25 unknown-service: There is no Service wbe in the namespace default: whoever asks for it gets 503. Did you mean web?",
  ],
  [
    "path / -> web:81",
    "4:25 unknown-service-port: The Service web has no port 81: it has 80 (http). Whoever asks gets 503.",
  ],
  ["path / -> web; path / -> web:80", "4:30 duplicate-path: / is taken already (line 4): the older one has it."],
  [
    "class other; path / -> web",
    "4:21 ingress-of-another-class: The class other is another controller's; the cluster's is nginx.",
  ],
  ["path cart -> web", '4:20 bad-path: "cart" is not a path: it begins with /.'],
  ["path /cart web", "4:26 missing-value: Write the path, and where it leads: path /cart -> cart:80."],
  [
    "path / -> web Exakt",
    '4:29 bad-path-type: The type of a path is one of Exact, Prefix, ImplementationSpecific, not "Exakt". Did you mean Exact?',
  ],
  ["path / -> web:99999", '4:29 bad-port: "99999" is not a port: a number from 1 to 65535.'],
  [
    "host 10.0.0.1; path / -> web",
    "4:20 bad-host: 10.0.0.1 is an address: the host of an Ingress is a name, or left out.",
  ],
  [
    "host a_b; path / -> web",
    '4:20 bad-host: "a_b" cannot be a host: small letters, digits and "-" in labels of at most 63, such as shop.example.com or *.example.com.',
  ],
  ["host a.org", "4:1 ingress-without-path: An ingress needs a path, or a default: path /cart -> cart:80."],
  ["default web", "4:23 missing-value: Write where it leads: default -> web:80."],
])("ingress web { %s }", (settings, problem) => {
  expect(problems(`${cluster}ingress web { ${settings} }\nscenario "s" { wait 1s }`)).toEqual([problem]);
});

test("without a controller nobody carries it out", () => {
  const text = `${cluster.replace("ingressController nginx", "")}ingress web { path / -> web }\nscenario "s" { wait 1s }`;
  expect(problems(text)).toEqual([
    "4:1 ingress-without-controller: Nobody carries out the Ingress web: declare a controller, cluster { ingressController nginx }.",
  ]);
});

test.each([
  [
    "pathType: Exact",
    "pathType: exact",
    '12:38 bad-field: spec.rules[0].http.paths[0].pathType is one of Exact, Prefix, ImplementationSpecific, not "exact".',
  ],
  ["  rules:", "  tls: []\n  rules:", "8:8 tls-skipped: TLS is left out: k8snet's ingress controller speaks HTTP."],
  ["host: shop.example.com", "host: Shop", "9:13"],
])("a manifest with %s as %s", (from, to, problem) => {
  const found = problems(`${cluster}import "m.yaml"\nscenario "s" { wait 1s }`, manifest.replace(from, to));
  expect(
    found.some((one) => one.startsWith(problem)),
    found.join("\n"),
  ).toBe(true);
});
