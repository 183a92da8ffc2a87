import { problemOfName } from "../../wire/dns-name.ts";

/** What /etc/resolv.conf says (resolv.conf(5)). */
export interface ResolverSettings {
  /** At most three count (MAXNS). */
  readonly nameservers: readonly number[];
  readonly search: readonly string[];
  /** `options`: a name with so many dots is tried as it is first. */
  readonly ndots: number;
  /** How long to wait for one nameserver. */
  readonly timeoutNs: number;
  /** How often all nameservers are gone through. */
  readonly attempts: number;
  /** `single-request`: AAAA is asked once A is answered. */
  readonly singleRequest?: boolean;
  /** `single-request-reopen`: so, and from another socket. */
  readonly singleRequestReopen?: boolean;
  /** `use-vc`: over TCP. */
  readonly useVc?: boolean;
}

/** The names that stand for a name, in the order in which glibc asks for them (`__res_context_search`); a dot at the end: itself alone. */
export function candidatesOf(name: string, { search, ndots }: Pick<ResolverSettings, "search" | "ndots">): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const dots = name.split(".").length - 1;
  // One that would be too long is no question to anybody (MAXDNAME).
  const completed = search.map((domain) => `${name}.${domain}`).filter((one) => problemOfName(one) === undefined);
  return dots >= ndots ? [name, ...completed] : [...completed, name];
}
