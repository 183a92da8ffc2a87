import type { Ipv4Address } from "../wire/ipv4-address.ts";
import type { MacAddress } from "../wire/mac-address.ts";
import type { DnsServerSettings } from "./dns/zone-data.ts";
import type { ReverseProxySettings } from "./ingress/routes.ts";

/**
 * A program that runs in a container: state in, effects out, no input or output of its own. The simulated kernel and,
 * on the real one, a host process carry out the effects on sockets and hand the answers back as inputs.
 *
 * States and effects are immutable plain values, so that a recording can keep and restore them.
 */
export interface Program<State> {
  start(nowNs: number): ProgramStep<State>;
  handle(state: State, input: ProgramInput, nowNs: number): ProgramStep<State>;
}

export interface ProgramStep<State> {
  readonly state: State;
  readonly effects: readonly ProgramEffect[];
}

/** A descriptor that the program itself numbers, from 3. Accepted connections get theirs from the kernel, from 1000. */
export type SocketNumber = number;

export interface Endpoint {
  readonly address: Ipv4Address;
  readonly port: number;
}

/** Errors of the socket calls, by their names in errno(3). */
export type SocketError =
  | "ECONNREFUSED"
  | "EHOSTUNREACH"
  | "ENETUNREACH"
  | "ETIMEDOUT"
  | "ECONNRESET"
  | "EMSGSIZE"
  | "EADDRINUSE"
  | "EADDRNOTAVAIL"
  | "ENOBUFS"
  | "EPERM"
  | "EACCES"
  | "EINVAL";

export type ProgramInput =
  | { readonly kind: "timer"; readonly timer: number }
  /** What a program that watches an API server learns: from now on this is so. */
  | { readonly kind: "informed"; readonly names?: DnsServerSettings; readonly proxy?: ReverseProxySettings }
  | {
      readonly kind: "datagram";
      readonly socket: SocketNumber;
      readonly from: Endpoint;
      readonly data: Uint8Array;
      readonly ttl: number;
    }
  /**
   * The result of an earlier call, or an asynchronous error (an ICMP error that came back, a reset). Handing it over takes it
   * from the socket, as `SO_ERROR` does: no later call reports it again. `mtu`: what would have fitted, with EMSGSIZE.
   */
  | { readonly kind: "error"; readonly socket: SocketNumber; readonly error: SocketError; readonly mtu?: number }
  | { readonly kind: "connected"; readonly socket: SocketNumber; readonly local: Endpoint }
  | {
      readonly kind: "accepted";
      readonly listener: SocketNumber;
      readonly socket: SocketNumber;
      readonly from: Endpoint;
    }
  | { readonly kind: "data"; readonly socket: SocketNumber; readonly data: Uint8Array }
  /** The peer will send no more (its FIN arrived). */
  | { readonly kind: "end of stream"; readonly socket: SocketNumber }
  /** An ICMP echo reply that matches the program's identifier. */
  | {
      readonly kind: "echo reply";
      readonly from: Ipv4Address;
      readonly sequence: number;
      readonly ttl: number;
      readonly sizeBytes: number;
    }
  /** An ICMP error that quotes one of the program's echo requests. `mtu`: the second word of its header, in a redirect the gateway. */
  | {
      readonly kind: "icmp error";
      readonly from: Ipv4Address;
      readonly type: number;
      readonly code: number;
      readonly mtu: number;
      readonly sequence: number;
    }
  /** An ARP packet that the device received; never one whose frame was for another station. */
  | {
      readonly kind: "arp";
      readonly operation: number;
      readonly senderIp: Ipv4Address;
      readonly senderMac: MacAddress;
      readonly targetIp: Ipv4Address;
      /** The target's hardware address in it is the device's own. */
      readonly isForMyMac: boolean;
      readonly isBroadcast: boolean;
    };

export type ProgramEffect =
  /** socket(2), bind(2) where a local endpoint is given (port 0: an ephemeral one), connect(2) where a remote is. UDP connects at once and in silence. */
  | {
      readonly kind: "open udp";
      readonly socket: SocketNumber;
      readonly local?: Endpoint;
      readonly remote?: Endpoint;
      readonly ttl?: number;
    }
  /** Answered by `connected` or `error`. */
  | {
      readonly kind: "open tcp";
      readonly socket: SocketNumber;
      readonly local?: Endpoint;
      readonly remote: Endpoint;
      readonly ttl?: number;
    }
  | { readonly kind: "listen tcp"; readonly socket: SocketNumber; readonly local: Endpoint }
  /** On a connected UDP socket, or a TCP one. */
  | { readonly kind: "send"; readonly socket: SocketNumber; readonly data: Uint8Array }
  | { readonly kind: "send to"; readonly socket: SocketNumber; readonly to: Endpoint; readonly data: Uint8Array }
  | { readonly kind: "close"; readonly socket: SocketNumber }
  /** A raw ICMP socket that hears replies to, and errors about, this identifier. */
  | { readonly kind: "open ping"; readonly socket: SocketNumber; readonly identifier: number }
  | {
      readonly kind: "send echo";
      readonly socket: SocketNumber;
      readonly to: Ipv4Address;
      readonly sequence: number;
      readonly sizeBytes: number;
      readonly ttl: number;
      readonly dontFragment: boolean;
    }
  /** A packet socket on one device that hears ARP and sends it as told. */
  | { readonly kind: "open arp"; readonly socket: SocketNumber; readonly dev: string }
  | {
      readonly kind: "send arp";
      readonly socket: SocketNumber;
      readonly operation: 1 | 2;
      readonly senderIp: Ipv4Address | "own";
      readonly targetIp: Ipv4Address;
      readonly targetMac: MacAddress | "own";
      readonly ethernetDestination: MacAddress;
    }
  /**
   * One-shot; a program numbers its timers, and setting one again moves it. `isCoarse`: the time-out of a socket call
   * (SO_RCVTIMEO), which is one of the kernel's own timers and late as those are.
   */
  | { readonly kind: "set timer"; readonly timer: number; readonly afterNs: number; readonly isCoarse?: true }
  | { readonly kind: "clear timer"; readonly timer: number }
  | { readonly kind: "print"; readonly text: string }
  /** Ends the program; its sockets are closed as exit(2) closes them. */
  | { readonly kind: "exit"; readonly status: number; readonly result: ProgramResult };

/** Errors of getaddrinfo(3): nobody answered, or there is no such name. */
export type NameError = "EAI_AGAIN" | "EAI_NONAME";

/** The answer of a nameserver. */
export interface DnsAnswer {
  /** As dig prints it: `NOERROR`, `NXDOMAIN`. */
  readonly status: string;
  /** What was asked for in the end, after the search list. */
  readonly name: string;
  /** How many queries were sent until then. */
  readonly queries: number;
  readonly from: Ipv4Address;
  readonly records: readonly {
    readonly name: string;
    readonly type: string;
    readonly ttl: number;
    readonly data: string;
  }[];
  readonly timeNs: number;
}

/** What `expect` can ask about the statement that ran the program: `reply`, `response`, `replies`. */
export interface ProgramResult {
  readonly ok: boolean;
  readonly error?: SocketError | "timeout" | NameError;
  readonly sent: number;
  readonly received: number;
  /** The last reply; `ttl` is 0 where the socket does not tell it (TCP). */
  readonly reply?: {
    readonly from: Ipv4Address;
    readonly ttl: number;
    readonly text: string;
    readonly timeNs: number;
  };
  readonly response?: {
    readonly status: number;
    readonly body: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  /** What a name was found to be. */
  readonly answer?: DnsAnswer;
  /** ICMP errors heard, by the sender's address. */
  readonly errors: readonly { readonly from: Ipv4Address; readonly type: number; readonly code: number }[];
}
