import { type Command, InvalidArgumentError, Option } from "commander";
import type { TracedPacket } from "../lab/trace-node.ts";
import { parseIpv4 } from "../wire/address-text.ts";
import { ipProtocol } from "../wire/ipv4.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import type { ReportForm } from "./rule-report.ts";

/** The options with which a packet is described. */
export interface PacketOptions {
  readonly src: Ipv4Address;
  readonly dst: Ipv4Address;
  readonly proto: number;
  readonly port: number;
  readonly allBackends?: boolean;
  readonly format: ReportForm;
}

export function addPacketOptions(command: Command): Command {
  return command
    .addOption(new Option("--src <ip>", "where the packet comes from").argParser(parseAddress).makeOptionMandatory())
    .addOption(new Option("--dst <ip>", "whom it is sent to").argParser(parseAddress).makeOptionMandatory())
    .addOption(new Option("--proto <name>", "tcp, udp or sctp").argParser(parseProtocol).default(ipProtocol.tcp, "tcp"))
    .addOption(new Option("--port <number>", "the port that it is sent to").argParser(parsePort).makeOptionMandatory())
    .option("--all-backends", "name everybody whom chance may choose, not only the first")
    .addOption(new Option("--format <form>", "how to print the answer").choices(["text", "json"]).default("text"));
}

export function tracedPacket({ src, dst, proto, port }: PacketOptions): TracedPacket {
  return { source: src, destination: dst, protocol: proto, destinationPort: port };
}

export function parseAddress(text: string): Ipv4Address {
  const address = parseIpv4(text);
  if (address === undefined) throw new InvalidArgumentError(`${text} is not an IPv4 address, such as 10.244.1.9.`);
  return address;
}

/** As often as the option is given. */
export function collectAddress(text: string, found: readonly Ipv4Address[] = []): readonly Ipv4Address[] {
  return [...found, parseAddress(text)];
}

function parseProtocol(text: string): number {
  const { tcp, udp, sctp } = ipProtocol;
  const number = new Map(Object.entries({ tcp, udp, sctp })).get(text.toLowerCase());
  if (number === undefined) throw new InvalidArgumentError("A protocol with ports is tcp, udp or sctp.");
  return number;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) throw new InvalidArgumentError("A port is from 1 to 65535.");
  return port;
}
