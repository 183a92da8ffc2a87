import type { Inform, Listen } from "../plan/commands.ts";
import type { Curl, Dig, TcpConnect, UdpSend } from "../plan/statements.ts";
import type { ProgramResult } from "../programs/program.ts";

/** Statements whose programs are ours; `ping`, `arping` and `traceroute` are the real ones. */
export type HostedStatement = UdpSend | TcpConnect | Curl | Dig;

/** What a program host reads: one JSON object in a line of its standard input. It ends when that is closed. */
export type HostRequest =
  | { readonly id: number; readonly run: HostedStatement }
  | { readonly id: number; readonly listen: Listen }
  | { readonly id: number; readonly inform: Inform };

/** What it writes: one JSON object in a line of its standard output. */
export type HostMessage =
  | { readonly ready: true }
  /** The program's socket is bound, and listens where it is a server's. */
  | { readonly id: number; readonly listening: true }
  | { readonly id: number; readonly print: string }
  | { readonly id: number; readonly exit: number; readonly result: ProgramResult }
  /** The program asked for what cannot be had on real sockets. */
  | { readonly id: number; readonly unable: string };
