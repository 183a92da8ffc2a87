import type { SourceRange } from "../base/source-range.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import type { NetworkCommand } from "./commands.ts";
import type { Lookup, ResolvConf } from "./names.ts";

/** What happens on the network: statements one after the other, from a fresh world. */
export interface ScenarioPlan {
  readonly name: string;
  readonly source: SourceRange;
  /** Seeds everything that chance decides; 0 unless the scenario says otherwise. */
  readonly seed: number;
  /** The scenario runs on until then, though its last statement is done. */
  readonly untilNs?: number;
  readonly statements: readonly Statement[];
}

export type Statement =
  | Ping
  | UdpSend
  | TcpConnect
  | Curl
  | Dig
  | Arping
  | Traceroute
  | Wait
  | Expect
  | Configure
  | Parallel;

interface StatementBase {
  readonly source: SourceRange;
  /** As the statement stands in the file, for titles and traces. */
  readonly text: string;
  /** Absolute start (`at 1.5s …`), counted from the scenario's begin; absent: when the previous statement is done. */
  readonly atNs?: number;
}

/** iputils' `ping`. */
export interface Ping extends StatementBase {
  readonly do: "ping";
  readonly netns: string;
  readonly destination: Ipv4Address;
  /** As written: a name or an address. */
  readonly destinationText: string;
  /** `-c`. */
  readonly count: number;
  /** `-i`. */
  readonly intervalNs: number;
  /** `-s`: bytes of payload, without the ICMP header. */
  readonly sizeBytes: number;
  /** `-t`. */
  readonly ttl: number;
  /** `-M want|do` set DF, `-M dont` does not. */
  readonly dontFragment: boolean;
  /** `-W`: how long to wait for the last reply. */
  readonly timeoutNs: number;
  /** `-e`; absent: drawn from the seed. */
  readonly identifier?: number;
}

/** Sends datagrams from one connected socket, then waits for one reply. */
export interface UdpSend extends StatementBase {
  readonly do: "udp";
  readonly netns: string;
  readonly sourcePort?: number;
  readonly destination: Ipv4Address | Lookup;
  readonly destinationText: string;
  readonly port: number;
  /** Absent: `ping0`, `ping1`, … */
  readonly payload?: string;
  /** The octets in its place, two digits each. */
  readonly payloadHex?: string;
  readonly count: number;
  readonly gapNs: number;
  readonly timeoutNs: number;
  readonly ttl: number;
}

/** Connects, sends the payload, reads an answer, closes. */
export interface TcpConnect extends StatementBase {
  readonly do: "tcp";
  readonly netns: string;
  readonly sourcePort?: number;
  readonly destination: Ipv4Address | Lookup;
  readonly destinationText: string;
  readonly port: number;
  /** Absent: connect and close only. */
  readonly payload?: string;
  readonly timeoutNs: number;
  /** Absent: as `net.ipv4.ip_default_ttl` says. */
  readonly ttl?: number;
}

/** An HTTP GET. */
export interface Curl extends StatementBase {
  readonly do: "curl";
  readonly netns: string;
  readonly sourcePort?: number;
  readonly url: string;
  /** The Host header, port included where the URL has one. */
  readonly host: string;
  /** `-H "Host: …"`: in place of that. */
  readonly hostHeader?: string;
  readonly path: string;
  readonly destination: Ipv4Address | Lookup;
  readonly port: number;
  readonly timeoutNs: number;
}

/** `dig @SERVER NAME TYPE`. */
export interface Dig extends StatementBase {
  readonly do: "dig";
  readonly netns: string;
  readonly name: string;
  /** The number of the record's type. */
  readonly type: number;
  /** Undefined: the namespace knows no nameserver. */
  readonly server?: Ipv4Address;
  /** `+search`. */
  readonly search?: Pick<ResolvConf, "search" | "ndots">;
  readonly tcp: boolean;
  readonly short: boolean;
  /** `+time`: of each try. */
  readonly timeoutNs: number;
  readonly tries: number;
  /** Absent: drawn from the seed. */
  readonly identifier?: number;
}

/** `traceroute -n -I -N 1`: echo requests with a TTL that grows, one at a time. */
export interface Traceroute extends StatementBase {
  readonly do: "traceroute";
  readonly netns: string;
  readonly destination: Ipv4Address;
  /** As written: a name or an address. */
  readonly destinationText: string;
  /** `-m`. */
  readonly maxHops: number;
  /** `-q`: for each TTL. */
  readonly queries: number;
  /** `-w`: of each probe. */
  readonly timeoutNs: number;
  /** Of its echo requests; absent: drawn from the seed. */
  readonly identifier?: number;
}

/** iputils' `arping`. */
export interface Arping extends StatementBase {
  readonly do: "arping";
  readonly netns: string;
  readonly dev: string;
  readonly target: Ipv4Address;
  readonly targetText: string;
  readonly count: number;
  /** `ask` waits for replies; `announce` is `-U` (gratuitous requests), `answer` is `-A` (gratuitous replies). */
  readonly mode: "ask" | "announce" | "answer";
  readonly timeoutNs: number;
}

export interface Wait extends StatementBase {
  readonly do: "wait";
  readonly durationNs: number;
}

/** A CEL expression that must be true now. */
export interface Expect extends StatementBase {
  readonly do: "expect";
  readonly expression: string;
  /** Where the expression itself stands. */
  readonly expressionSource: SourceRange;
}

/** A change of the world: `ip -n pod1 neigh add …`, `sysctl …`. */
export interface Configure extends StatementBase {
  readonly do: "configure";
  /**
   * In this order, at one moment. A controller does much about one change, perhaps in several namespaces, and nothing about one that
   * makes no difference to it.
   */
  readonly commands: readonly NetworkCommand[];
  /** Where the commands follow from what the API server holds of endpoints. */
  readonly endpoints?: EndpointStep;
}

/** A change of endpoints, and those before it that its statement's commands are for: where others were made, others follow. */
export interface EndpointStep {
  readonly before: EndpointChanges;
  readonly change: Partial<EndpointChanges>;
}

/** What a scenario has changed of endpoints since the file's declarations. */
export interface EndpointChanges {
  /** Whether a pod is ready, by its node and name: `node1/pod1`. */
  readonly ready: ReadonlyMap<string, boolean>;
  /** `NAMESPACE/SERVICE`, and what it leads to now: addresses and names of pods, each with the place that says so. */
  readonly endpoints: ReadonlyMap<string, readonly { readonly value: string; readonly source: SourceRange }[]>;
}

/** Statements that start together; done when all are. */
export interface Parallel extends StatementBase {
  readonly do: "parallel";
  readonly statements: readonly Statement[];
}
