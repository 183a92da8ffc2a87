import type { SourceRange } from "../../base/source-range.ts";
import { restoreText } from "../../config/iptables/restore-text.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import type { NetworkCommand } from "../commands.ts";
import type { Lookup } from "../names.ts";
import { shellForm } from "../shell/commands.ts";
import { NamespaceNames } from "../shell/namespace-names.ts";
import { commandLine } from "../shell/quote.ts";
import type {
  Arping,
  Configure,
  Curl,
  Ping,
  ScenarioPlan,
  Statement,
  TcpConnect,
  Traceroute,
  UdpSend,
} from "../statements.ts";

/** Where the scenarios happen. */
export interface Place {
  /** Undefined where there is no namespace of that name. */
  addressesOf(name: string): readonly Ipv4Address[] | undefined;
  complain(message: string, source: SourceRange): void;
}

export function scenarioLines({ name, seed, untilNs, statements }: ScenarioPlan, place: Place): readonly string[] {
  return [
    `scenario ${JSON.stringify(name)} {`,
    ...(seed === 0 ? [] : [`  seed ${seed}`]),
    ...(untilNs === undefined ? [] : [`  until ${untilNs}ns`]),
    ...statements.flatMap((statement) => statementLines(statement, place)).map((line) => `  ${line}`),
    "}",
  ];
}

/** As the statement stands in the file, where that is the low level's. */
function statementLines(statement: Statement, place: Place): readonly string[] {
  switch (statement.do) {
    case "ping":
    case "udp":
    case "tcp":
    case "traceroute":
      return [withParties(statement, statement.destination, place)];
    case "arping":
      return [withParties(statement, statement.target, place)];
    case "curl": {
      const text = withParties(statement, statement.destination, place);
      const isAsked =
        new RegExp(`(//| )${statement.host.replace(/[.]/g, "\\.")}(/|\\s|$)`).test(text) ||
        statement.hostHeader !== undefined;
      return [isAsked ? text : `${text} host ${statement.host}`];
    }
    case "configure":
      return configureLines(statement, place);
    case "parallel": {
      const inside = statement.statements.flatMap((one) => statementLines(one, place)).map((line) => `  ${line}`);
      return [`${atWords(statement.atNs)}parallel {`, ...inside, "}"];
    }
    case "dig":
      place.complain("The low level has no words for dig.", statement.source);
      return [];
    default:
      return [statement.text];
  }
}

const parties = /^((?:at\s+\S+\s+)?[a-z]+\s+)(\S+)(\s*->\s*)(\S+)([\s\S]*)$/;

/** A pod may share its node's namespace, and a Service is an address. */
function withParties(
  { text, netns, source }: Ping | UdpSend | TcpConnect | Curl | Arping | Traceroute,
  destination: Ipv4Address | Lookup,
  place: Place,
): string {
  const found = parties.exec(text);
  if (found === null) return text;
  const [, verb, , arrow, target, rest] = found;
  const host = /^(?:http:\/\/)?([^/:]+)/.exec(target)?.[1] ?? target;
  if (typeof destination !== "number") {
    place.complain(`The low level has no words for names that are looked up, such as ${host}.`, source);
    return text;
  }
  // Of several addresses of a machine its name means only one.
  const addresses = place.addressesOf(host) ?? [];
  const isMeant = addresses.length === 1 && addresses[0] === destination;
  const to = isMeant ? target : target.replace(host, formatIpv4(destination));
  return `${verb}${netns}${arrow}${to}${rest}`;
}

/** A change of endpoints is what kube-proxy then does on each node. */
function configureLines(statement: Configure, place: Place): readonly string[] {
  if (!/^(?:at\s+\S+\s+)?(?:ready|endpoints)\s/.test(statement.text)) return [statement.text];
  const commands = statement.commands;
  if (commands.some((command) => command.do === "nft" || command.do === "inform")) {
    place.complain("The low level has no words for what a controller does then.", statement.source);
    return [];
  }
  return commands.map((command) => `${atWords(statement.atNs)}${commandText(command)}`);
}

const names = new NamespaceNames("");

function commandText(command: NetworkCommand): string {
  if (command.do === "iptables-restore") {
    const options = command.noFlush ? " --noflush" : "";
    return `iptables-restore -n ${command.netns}${options} """\n${restoreText(command.tables)}"""`;
  }
  if (command.do === "conntrack delete") {
    const [{ argv }] = shellForm({ ...command, mayFindNone: false }, names).commands;
    return `conntrack ${command.netns} ${argv.slice(5).join(" ")}`;
  }
  return commandLine(shellForm(command, names).commands[0].argv);
}

function atWords(atNs: number | undefined): string {
  return atNs === undefined ? "" : `at ${atNs}ns `;
}
