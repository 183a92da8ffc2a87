import type { Endpoint } from "../program.ts";

/** What a reverse proxy is told. */
export interface ReverseProxySettings {
  readonly servers: readonly ProxyServer[];
  /** Where requests go that no path takes: a name of `upstreams`. Absent: 404. */
  readonly defaultUpstream?: string;
  /** The endpoints of each backend. */
  readonly upstreams: Readonly<Record<string, readonly Endpoint[]>>;
}

/** The paths of one host; the empty host is any. */
export interface ProxyServer {
  /** `shop.example.com`, `*.example.com` or empty. */
  readonly host: string;
  readonly paths: readonly ProxyPath[];
}

export interface ProxyPath {
  readonly path: string;
  readonly pathType: "Exact" | "Prefix" | "ImplementationSpecific";
  readonly upstream: string;
}

/** The upstream of a request; undefined: nobody is meant. Rules: https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types */
export function findUpstream(settings: ReverseProxySettings, host: string, target: string): string | undefined {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const path = target.replace(/[?#].*$/, "");
  const server = findServer(settings.servers, name);
  const taken = (server?.paths ?? []).filter((one) => takes(one, path));
  const [best] = [...taken].sort(
    (a, b) => Number(b.pathType === "Exact") - Number(a.pathType === "Exact") || b.path.length - a.path.length,
  );
  return best?.upstream ?? settings.defaultUpstream;
}

/** The host itself before a wildcard, and that before the server for all. */
function findServer(servers: readonly ProxyServer[], name: string): ProxyServer | undefined {
  const dot = name.indexOf(".");
  // A wildcard stands for one label.
  const wildcard = dot < 0 ? undefined : `*${name.slice(dot)}`;
  const byName = (host: string | undefined) => servers.find((server) => server.host.toLowerCase() === host);
  return byName(name) ?? byName(wildcard) ?? byName("");
}

function takes({ path, pathType }: ProxyPath, asked: string): boolean {
  if (pathType === "Exact") return asked === path;
  // ingress-nginx takes it as a prefix of characters, as its own `location` does.
  if (pathType === "ImplementationSpecific") return asked.startsWith(path);
  const prefix = path.endsWith("/") ? path.slice(0, -1) : path;
  return asked === prefix || asked.startsWith(`${prefix}/`);
}
